/** The result as a table of text. */
import { scenarioTableOf } from './scenarios/figures.ts'
import type { Summary } from './summary.ts'
import { countText, msText } from './words.ts'

interface Column {
  readonly title: string
  text(summary: Summary): string
}

const NONE = '–'
const UNTOLD = '?'

const number = (value: number | null, text: (value: number) => string): string => (value === null ? NONE : text(value))

const delay = (level: 'p50' | 'p95' | 'p99'): Column => ({
  title: `${level} ms`,
  text({ delay, doubt }) {
    const quantile = delay[level]
    if (doubt !== null || !quantile) return UNTOLD
    const { ms, lowMs, highMs } = quantile
    return `${msText(ms)} (${number(lowMs, msText)} to ${number(highMs, msText)})`
  },
})

export const COLUMNS: readonly Column[] = [
  { title: 'transport', text: ({ transport }) => transport },
  delay('p50'),
  delay('p95'),
  delay('p99'),
  { title: 'max ms', text: ({ maxMs, doubt }) => (doubt === null ? number(maxMs, msText) : UNTOLD) },
  {
    title: 'accepted p50 ms',
    text: ({ acceptedDelay, clockBoundMs, doubt }) =>
      doubt === null
        ? number(acceptedDelay?.p50?.ms ?? null, (ms) => `${msText(ms)} ± ${msText(clockBoundMs ?? 0)}`)
        : UNTOLD,
  },
  { title: 'model p50 ms', text: ({ expected }) => number(expected?.p50Ms ?? null, msText) },
  { title: 'lost', text: ({ lost }) => countText(lost) },
  { title: 'doubled', text: ({ doubled }) => countText(doubled) },
  { title: 'reordered', text: ({ reordered }) => countText(reordered) },
  { title: 'bytes', text: ({ bytes }) => number(bytes, (value) => value.toFixed(0)) },
  { title: 'requests', text: ({ requests }) => number(requests, (value) => value.toFixed(2)) },
  { title: 'CPU µs', text: ({ cpuUs }) => number(cpuUs, (value) => value.toFixed(0)) },
  { title: 'KiB/client', text: ({ memoryKiB }) => number(memoryKiB, (value) => value.toFixed(0)) },
  { title: 'own ms', text: ({ own }) => msText(Math.max(own.busyMs, own.slipMs)) },
]

export const NOTE = `p50, p95, p99, max: from the intended sending to the receipt, with the 95 % confidence interval.
accepted p50: from the acceptance by the server to the receipt; after ± the greatest error of the clocks.
model p50: what theory expects for this time, if a message takes half of a round trip to arrive. The round trip is the time of a publish, and --rtt and --jitter in addition.
bytes, requests, CPU: for each delivery, without the publisher. own: the part of p95 that may be the clients' own.
?: cannot be told; the verdict gives the reason. ${NONE}: not known, or too few messages.`

export function tableOf(all: readonly Summary[]): string {
  const rows = [COLUMNS.map(({ title }) => title), ...all.map((summary) => COLUMNS.map(({ text }) => text(summary)))]
  return `${aligned(rows)}\n\n${wrapped(NOTE)}`
}

/** Returns the table of the figures that only this scenario has; an empty text if it has none. */
export function scenarioTable(all: readonly Summary[]): string {
  const table = scenarioTableOf(all)
  return table
    ? `${aligned([table.titles, ...all.map((summary) => table.cells(summary))])}\n\n${wrapped(table.note)}`
    : ''
}

/** Width of the notes below a table. */
const WIDTH = 118

/** Breaks long lines at spaces. */
const wrapped = (text: string): string =>
  text
    .replaceAll(new RegExp(`(.{1,${WIDTH}})(?: |$)`, 'gm'), '$1\n')
    .replaceAll(/\n\n/g, '\n')
    .trimEnd()

/** Writes rows as lines. The first column is aligned to the left, and the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  )
  return lines.join('\n')
}
