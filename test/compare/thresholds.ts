/** Limits that the user sets, such as `sse.p99<200ms`. */
import { CompareError } from './trouble.ts'

export interface Threshold {
  /** As the user wrote it. */
  readonly text: string
  readonly transport: string
  readonly metric: Metric
  readonly isBelow: boolean
  /** In the unit of the metric. */
  readonly limit: number
}

export type Metric = keyof typeof METRICS

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
} satisfies Record<string, Readonly<Record<string, number>>>

/** Throws `CompareError` if the text is no threshold. */
export function readThreshold(text: string): Threshold {
  const parts = /^\s*([\w-]+)\.(\w+)\s*(<=?)\s*(\d+(?:\.\d+)?)\s*(\p{L}*)\s*$/u.exec(text)
  const [, transport = '', metric = '', sign = '', number = '', unit = ''] = parts ?? []
  if (!parts) throw new CompareError(`--threshold is "${text}". Write it as in "sse.p99<200ms" or "ws.lost<=0".`)
  if (!isMetric(metric))
    throw new CompareError(
      `--threshold is "${text}", and "${metric}" is no figure. Use ${Object.keys(METRICS).join(', ')}.`,
    )
  const units: Readonly<Record<string, number>> = METRICS[metric]
  const size = units[unit]
  if (size === undefined)
    throw new CompareError(
      `--threshold is "${text}". Give ${metric} in ${Object.keys(units).join(' or ') || 'no unit'}.`,
    )
  return { text, transport, metric, isBelow: sign === '<', limit: Number(number) * size }
}

const isMetric = (name: string): name is Metric => Object.hasOwn(METRICS, name)
