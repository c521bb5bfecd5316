/** Limits that the user sets, such as `sse.p99<200ms` or `ai.first.p95<1s`. */
import { CompareError } from './trouble.ts'
import { countText, msText } from './words.ts'

export interface Threshold {
  /** As the user wrote it. */
  readonly text: string
  readonly transport: string
  readonly metric: Metric | AnswerMetric
  readonly isBelow: boolean
  /** In the unit of the metric. */
  readonly limit: number
}

/** Figures of transports that deliver messages. */
export type Metric = keyof typeof METRICS

/** Figures of answers, by an adapter that asks. */
export type AnswerMetric = keyof typeof ANSWER_METRICS

/** Units of each metric, with their sizes in the first unit. */
const METRICS = {
  p50: { ms: 1, s: 1000 },
  p95: { ms: 1, s: 1000 },
  p99: { ms: 1, s: 1000 },
  max: { ms: 1, s: 1000 },
  lost: { '': 1 },
  doubled: { '': 1 },
  reordered: { '': 1 },
  bytes: { '': 1, B: 1, kB: 1000 },
  requests: { '': 1 },
  cpu: { us: 1, µs: 1, ms: 1000 },
  memory: { KiB: 1, MiB: 1024 },
} satisfies Record<string, Units>

type Units = Readonly<Record<string, number>>

const TIME = { ms: 1, s: 1000 }

const ANSWER_METRICS = {
  'first.p50': TIME,
  'first.p95': TIME,
  'first.p99': TIME,
  'first.max': TIME,
  'gap.p50': TIME,
  'gap.p95': TIME,
  'gap.p99': TIME,
  'gap.max': TIME,
  'total.p50': TIME,
  'total.p95': TIME,
  'total.p99': TIME,
  'total.max': TIME,
  failed: { '': 1 },
  events: { '': 1 },
  bytes: METRICS.bytes,
  cpu: METRICS.cpu,
} satisfies Record<string, Units>

/** Throws `CompareError` if the text is no threshold. */
export function readThreshold(text: string): Threshold {
  const parts = /^\s*([\w-]+)\.([\w.]+)\s*(<=?)\s*(\d+(?:\.\d+)?)\s*(\p{L}*)\s*$/u.exec(text)
  const [, transport = '', metric = '', sign = '', number = '', unit = ''] = parts ?? []
  if (!parts) throw new CompareError(`--threshold is "${text}". Write it as in "sse.p99<200ms" or "ws.lost<=0".`)
  const isAnswers = isAnswerMetric(metric)
  if (!isAnswers && !isMetric(metric))
    throw new CompareError(
      `--threshold is "${text}", and "${metric}" is no figure. Use ${Object.keys(METRICS).join(', ')}, or for answers ${Object.keys(ANSWER_METRICS).join(', ')}.`,
    )
  const units: Units = isAnswers ? ANSWER_METRICS[metric] : METRICS[metric]
  const size = units[unit]
  if (size === undefined)
    throw new CompareError(
      `--threshold is "${text}". Give ${metric} in ${Object.keys(units).join(' or ') || 'no unit'}.`,
    )
  return { text, transport, metric, isBelow: sign === '<', limit: Number(number) * size }
}

export const isMetric = (name: string): name is Metric => Object.hasOwn(METRICS, name)

export const isAnswerMetric = (name: string): name is AnswerMetric => Object.hasOwn(ANSWER_METRICS, name)

/** A value of a figure, in the unit of its limits. */
export function figureText(metric: Metric | AnswerMetric, value: number): string {
  const units: Units = isMetric(metric) ? METRICS[metric] : ANSWER_METRICS[metric]
  const [unit = ''] = Object.keys(units)
  if (unit !== '') return `${msText(value)} ${unit}`
  return Number.isInteger(value) ? countText(value) : msText(value)
}

/** Throws `CompareError` if the transport of a threshold is not measured, or if it has no such figure. */
export function checkThresholds(
  thresholds: readonly Threshold[],
  transports: readonly string[],
  isFigure: (name: string) => boolean,
): void {
  for (const { text, transport, metric } of thresholds) {
    if (!transports.includes(transport))
      throw new CompareError(
        `--threshold is "${text}", and "${transport}" is not measured. Choose from ${transports.join(', ')}.`,
      )
    if (!isFigure(metric))
      throw new CompareError(
        `--threshold is "${text}", and ${transport} has no figure "${metric}". Use ${Object.keys(isFigure === isMetric ? METRICS : ANSWER_METRICS).join(', ')}.`,
      )
  }
}
