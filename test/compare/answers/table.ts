/** The times and costs of answers as a table of text. */
import { aligned } from '../table.ts'
import { countText, msText } from '../words.ts'
import type { AnswerSummary, AnswerPart } from './summary.ts'

const NONE = '–'
const UNTOLD = '?'

export const PARTS: Readonly<Record<AnswerPart, string>> = {
  first: 'until the first event',
  gap: 'between two events',
  total: 'until the last event',
}

/** A row for each part of an answer. */
export function timeRowsOf(all: readonly AnswerSummary[]): readonly (readonly string[])[] {
  const parts: readonly AnswerPart[] = ['first', 'gap', 'total']
  return [
    ['time', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'],
    ...all.flatMap((summary) => parts.map((part) => rowOf(summary, part))),
  ]
}

function rowOf(summary: AnswerSummary, part: AnswerPart): readonly string[] {
  const { quantiles, maxMs, doubt } = summary[part]
  const cells = (['p50', 'p95', 'p99'] as const).map((level) => {
    const quantile = quantiles[level]
    if (doubt !== null || !quantile) return UNTOLD
    const { ms, lowMs, highMs } = quantile
    const bound = (value: number | null): string => (value === null ? NONE : msText(value))
    return `${msText(ms)} (${bound(lowMs)} to ${bound(highMs)})`
  })
  const max = doubt !== null || maxMs === null ? UNTOLD : msText(maxMs)
  return [`${summary.transport}, ${PARTS[part]}`, ...cells, max]
}

/** A row for each adapter's way to ask. */
export function costRowsOf(all: readonly AnswerSummary[]): readonly (readonly string[])[] {
  const number = (value: number | null, digits: number): string => (value === null ? NONE : value.toFixed(digits))
  return [
    ['answers', 'requests', 'failed', 'events', 'bytes', 'CPU µs', 'own ms'],
    ...all.map(({ transport, requests, failed, events, bytes, cpuUs, own }) => [
      transport,
      countText(requests),
      countText(failed),
      number(events, 1),
      number(bytes, 0),
      number(cpuUs, 0),
      msText(Math.max(own.busyMs, own.slipMs)),
    ]),
  ]
}

export const ANSWER_NOTE = `Until the first event, until the last event: from the time that the schedule intends for the request, with the 95 %
confidence interval. Between two events: 0 for events that arrive together.
events, bytes, CPU: for each answer. own: the part of p95 that may be the measuring program's own.
?: cannot be told; the verdict gives the reason. ${NONE}: not known, or too few answers.`

export const answerTableOf = (all: readonly AnswerSummary[]): string =>
  `${aligned(timeRowsOf(all))}\n\n${aligned(costRowsOf(all))}\n\n${ANSWER_NOTE}`
