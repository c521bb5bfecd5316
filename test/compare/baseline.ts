/** Compares a result with an earlier one, which --json has written. */
import { readFileSync } from 'node:fs'
import { median } from './median.ts'
import type { Options } from './options.ts'
import { workloadOf } from './report.ts'
import type { Report } from './report.ts'
import { scenarioText } from './scenarios/scenario.ts'
import { mannWhitneyP } from './significance.ts'
import type { Repetition, Summary } from './summary.ts'
import { CompareError, messageOf } from './trouble.ts'
import { msText } from './words.ts'

/** With twelve comparisons, one false alarm is expected in eight measurements. */
const SIGNIFICANT = 0.01
/** Fewer repetitions on each side can have no p below `SIGNIFICANT`. */
const ENOUGH = 5

/** Options that must be equal. */
const COMPARED = [
  ...(['adapter', 'clients', 'rate', 'bytes', 'seconds', 'warmup', 'interval', 'wait'] as const),
  ...(['rtt', 'jitter', 'loss', 'bandwidth'] as const),
] as const

/** Values of the options that older reports do not contain. */
const EARLIER = { scenario: 'steady' as const, rtt: 0, jitter: 0, loss: 0, bandwidth: 0 }

/** Throws `CompareError` if the file is no report, or one of another workload. */
export function readBaseline(file: string, options: Options): Report {
  const report = parsed(file)
  if (!isReport(report))
    throw new CompareError(`--baseline is "${file}", which is no report. Give a file that --json has written.`)
  const workload = workloadOf(options)
  const before = { ...EARLIER, ...report.workload }
  const other = COMPARED.find((name) => before[name] !== workload[name])
  const [was, is] = [before, workload].map((one) => scenarioText(one).replace(/\.$/, ''))
  if (other === undefined && was !== is)
    throw new CompareError(
      `--baseline is "${file}", and its scenario was "${was}" instead of "${is}". Use the same options.`,
    )
  if (other === undefined) return report
  const option = other === 'bytes' ? 'size' : other
  throw new CompareError(
    `--baseline is "${file}", and its --${option} was ${before[other]} instead of ${workload[other]}. Use the same options.`,
  )
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new CompareError(`--baseline is "${file}", which cannot be read: ${messageOf(error)}`)
  }
}

function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null || !('workload' in value) || !('results' in value)) return false
  if (typeof value.workload !== 'object' || value.workload === null) return false
  return Array.isArray(value.results) && value.results.every((result) => Array.isArray(result?.each))
}

interface Figure {
  readonly name: string
  of(repetition: Repetition): number | null
  readonly unit: string
  readonly more: string
  readonly less: string
  /** True if the figure cannot be told for a transport in doubt. */
  readonly isDelay: boolean
}

const FIGURES: readonly Figure[] = [
  { name: 'p50', of: ({ p50 }) => p50, unit: 'ms', more: 'slower', less: 'faster', isDelay: true },
  { name: 'p95', of: ({ p95 }) => p95, unit: 'ms', more: 'slower', less: 'faster', isDelay: true },
  { name: 'CPU', of: ({ cpuUs }) => cpuUs, unit: 'µs', more: 'more', less: 'less', isDelay: false },
  { name: 'bytes', of: ({ bytes }) => bytes, unit: 'B', more: 'more', less: 'fewer', isDelay: false },
]

/** Returns a sentence for each transport that both have. */
export function changesSince(baseline: Report, results: readonly Summary[]): readonly string[] {
  return results.flatMap((result) => {
    const before = baseline.results.find(({ transport }) => transport === result.transport)
    if (!before) return [`${result.transport} is not in the baseline.`]
    const changes = FIGURES.flatMap((figure) => changeOf(figure, before, result) ?? [])
    return [`Since the baseline, ${result.transport}: ${changes.join('; ')}.`]
  })
}

/** Null if the figure is unknown. */
function changeOf({ name, of, unit, more, less, isDelay }: Figure, before: Summary, after: Summary): string | null {
  const [old, now] = [before.each.flatMap((one) => of(one) ?? []), after.each.flatMap((one) => of(one) ?? [])]
  if (old.length === 0 || now.length === 0) return null
  if (isDelay && (before.doubt !== null || after.doubt !== null)) return `${name} cannot be told`
  return changeText({ name, unit, more, less }, old, now)
}

/** States the medians of all repetitions before and after, and whether they differ. */
export function changeText(
  { name, unit, more, less }: Pick<Figure, 'name' | 'unit' | 'more' | 'less'>,
  old: readonly number[],
  now: readonly number[],
): string {
  const [from, to] = [median(old), median(now)]
  const figures = `${name} ${msText(from)} → ${msText(to)} ${unit}`
  if (Math.min(old.length, now.length) < ENOUGH) return `${figures}, too few repetitions to tell (${ENOUGH} are needed)`
  const p = mannWhitneyP(old, now)
  const change = p >= SIGNIFICANT ? 'no difference' : to > from ? more : less
  return `${figures}, ${change} (p = ${p < 0.001 ? '< 0.001' : p.toFixed(3)})`.replace('= <', '<')
}
