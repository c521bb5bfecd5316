/** The result as text for a terminal. */
import type { ClaimFigure } from './claim.ts'
import type { CheckedClaim, ClaimsReport } from './report.ts'

const NONE = '–'
const WIDTH = 100

export function claimsTextOf(report: ClaimsReport): string {
  const { claims, machine, startedAt, seconds, isQuick } = report
  const { cpu, cores, system, node } = machine
  const facts = `Measured on ${startedAt.slice(0, 10)} in ${seconds} s${isQuick ? ' with --quick' : ''}: ${cpu}, ${cores} cores, ${system}, Node ${node}.`
  return [...claims.map(claimText), facts].join('\n\n')
}

function claimText({
  number,
  statement,
  source,
  outcome,
  why,
  figures,
  samples,
  published,
  differs,
  load,
}: CheckedClaim) {
  return [
    wrapped(`${number}. ${statement} (${source})`),
    wrapped(`${outcome.toUpperCase()}: ${why}`, '   '),
    '',
    figuresText(figures),
    '',
    wrapped(`Published settings: ${published}`, '   '),
    ...differs.map((sentence) => wrapped(`- ${sentence}`, '   ')),
    wrapped(`Samples: ${samples}. Load before the measurement: ${load.toFixed(1)}.`, '   '),
  ].join('\n')
}

function figuresText(figures: readonly ClaimFigure[]): string {
  const rows = [
    ['', 'published', 'here'],
    ...figures.map(({ what, published, ours }) => [what, published ?? NONE, ours]),
  ]
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map(
      ([what = '', published = '', ours = '']) =>
        `   ${what.padEnd(widths[0] ?? 0)}  ${published.padStart(widths[1] ?? 0)}  ${ours.padStart(widths[2] ?? 0)}`,
    )
    .join('\n')
}

/** Breaks a text into lines of at most `WIDTH` characters. Each line starts with `indent`. */
function wrapped(text: string, indent = ''): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line) => `${indent}${line}`).join('\n')
}
