/** Compares the result with the limits of the user. */
import type { Summary } from './summary.ts'
import { figureText, isMetric } from './thresholds.ts'
import type { Metric, Threshold } from './thresholds.ts'

/** Returns a sentence for each threshold that is broken. A figure that cannot be told breaks it too. */
export function brokenBy(all: readonly Summary[], thresholds: readonly Threshold[]): readonly string[] {
  return thresholds.flatMap(({ text, transport, metric, isBelow, limit }) => {
    const summary = all.find((one) => one.transport === transport)
    const value = summary && isMetric(metric) ? figureOf(summary, metric) : null
    if (value === null) return [`The threshold ${text} is not met: ${metric} of ${transport} cannot be told.`]
    const isMet = isBelow ? value < limit : value <= limit
    return isMet ? [] : [`The threshold ${text} is broken: ${metric} of ${transport} is ${figureText(metric, value)}.`]
  })
}

function figureOf(summary: Summary, metric: Metric): number | null {
  const { delay, maxMs, doubt, cpuUs, memoryKiB } = summary
  switch (metric) {
    case 'p50':
    case 'p95':
    case 'p99':
      return doubt === null ? (delay[metric]?.ms ?? null) : null
    case 'max':
      return doubt === null ? maxMs : null
    case 'cpu':
      return cpuUs
    case 'memory':
      return memoryKiB
    default:
      return summary[metric]
  }
}
