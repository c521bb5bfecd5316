/** States how fast the answers were, and compares them with the limits of the user. */
import { changeText } from '../baseline.ts'
import { figureText, isAnswerMetric } from '../thresholds.ts'
import type { AnswerMetric, Threshold } from '../thresholds.ts'
import { countOf, countText, msText } from '../words.ts'
import type { AnswerSummary, AnswerPart, PartTimes } from './summary.ts'

export const answerVerdictOf = (all: readonly AnswerSummary[]): string =>
  all.flatMap((summary) => [...speedOf(summary), ...failuresOf(summary)]).join(' ')

function speedOf({ transport, first, gap, total }: AnswerSummary): readonly string[] {
  const sentences = [
    sentenceOf(transport, first, `Over ${transport}, 19 of 20 answers begin within`),
    sentenceOf(transport, gap, '19 of 20 events follow the event before them within'),
    sentenceOf(transport, total, '19 of 20 answers are complete within'),
  ]
  return [...new Set(sentences)]
}

function sentenceOf(transport: string, { quantiles: { p95 }, doubt }: PartTimes, begin: string): string {
  if (doubt !== null || !p95) return `${transport}: ${doubt ?? 'No answer was complete.'}`
  const { ms, lowMs, highMs } = p95
  const range = lowMs === null || highMs === null ? '' : ` (${msText(lowMs)} to ${msText(highMs)})`
  return `${begin} ${msText(ms)} ms${range}.`
}

function failuresOf({ requests, failed, failure }: AnswerSummary): readonly string[] {
  if (failed === 0) return [`All ${countOf(requests, 'answer')} were complete.`]
  return [`${countText(failed)} of ${countOf(requests, 'answer')} failed; the first reason: ${failure}.`]
}

/** Returns a sentence for each transport that both have. */
export function answerChangesSince(
  before: readonly AnswerSummary[],
  results: readonly AnswerSummary[],
): readonly string[] {
  return results.map((result) => {
    const old = before.find(({ transport }) => transport === result.transport)
    if (!old) return `${result.transport} is not in the baseline.`
    const changes = (['first', 'gap', 'total'] as const).map((part) => {
      const [was, is] = [old.each, result.each].map((each) => each.flatMap((one) => one[part] ?? []))
      const isTold = old[part].doubt === null && result[part].doubt === null
      if (!was?.length || !is?.length || !isTold) return `${part} cannot be told`
      return changeText({ name: part, unit: 'ms', more: 'slower', less: 'faster' }, was, is)
    })
    return `Since the baseline, ${result.transport}: ${changes.join('; ')}.`
  })
}

/** Returns a sentence for each threshold that is broken. A figure that cannot be told breaks it too. */
export function brokenByAnswers(all: readonly AnswerSummary[], thresholds: readonly Threshold[]): readonly string[] {
  return thresholds.flatMap(({ text, transport, metric, isBelow, limit }) => {
    const summary = all.find((one) => one.transport === transport)
    const value = summary && isAnswerMetric(metric) ? figureOf(summary, metric) : null
    if (value === null) return [`The threshold ${text} is not met: ${metric} of ${transport} cannot be told.`]
    const isMet = isBelow ? value < limit : value <= limit
    return isMet ? [] : [`The threshold ${text} is broken: ${metric} of ${transport} is ${figureText(metric, value)}.`]
  })
}

function figureOf(summary: AnswerSummary, metric: AnswerMetric): number | null {
  switch (metric) {
    case 'failed':
      return summary.failed
    case 'events':
      return summary.events
    case 'bytes':
      return summary.bytes
    case 'cpu':
      return summary.cpuUs
    default: {
      const [part, level] = metric.split('.') as [AnswerPart, 'p50' | 'p95' | 'p99' | 'max']
      const { quantiles, maxMs, doubt } = summary[part]
      if (doubt !== null) return null
      return level === 'max' ? maxMs : (quantiles[level]?.ms ?? null)
    }
  }
}
