/** Sums up all repetitions of the answers. */
import { sampleQuantile } from '../../../web/measure/latency.ts'
import type { Quantile } from '../../../web/measure/latency.ts'
import { median } from '../median.ts'
import type { Level, Quantiles } from '../summary.ts'
import { msText } from '../words.ts'
import type { AnswerRun, MeasuredAnswer } from './measure.ts'

/** Times of an answer: until its first event, between two events, and until its last event. */
export type AnswerPart = 'first' | 'gap' | 'total'

export interface AnswerSummary {
  readonly transport: string
  readonly repetitions: number
  readonly requests: number
  readonly answers: number
  readonly failed: number
  /** The first reason of a failure; null if there is none. */
  readonly failure: string | null
  readonly first: PartTimes
  readonly gap: PartTimes
  readonly total: PartTimes
  /** Mean number of events of an answer; null if there is no answer. */
  readonly events: number | null
  readonly bytes: number | null
  readonly cpuUs: number | null
  /** Of every repetition: the seconds since the end of the warm-up, and the time until the first event. */
  readonly overTime: readonly (readonly [number, number])[]
  /** Medians of each repetition, in their order. */
  readonly each: readonly Readonly<Record<AnswerPart, number | null>>[]
  readonly own: { readonly busyMs: number; readonly slipMs: number; readonly othersShare: number | null }
}

export interface PartTimes {
  readonly quantiles: Quantiles
  readonly maxMs: number | null
  /** Times in steps of half a percent, from the smallest to the greatest. */
  readonly distribution: readonly number[]
  /** Reason why the times cannot be told, as a sentence; null if they can. */
  readonly doubt: string | null
}

const LEVELS: Readonly<Record<Level, number>> = { p50: 0.5, p95: 0.95, p99: 0.99 }

const TIMES: Readonly<Record<AnswerPart, (answer: MeasuredAnswer) => readonly number[]>> = {
  first: ({ firstMs }) => [firstMs],
  gap: ({ gapsMs }) => gapsMs,
  total: ({ totalMs }) => [totalMs],
}

/** All runs are of one transport. */
export function summariseAnswers(runs: readonly AnswerRun[]): AnswerSummary {
  const answers = runs.flatMap((run) => run.answers)
  const failures = runs.flatMap((run) => run.failures)
  const own = {
    busyMs: highOf(runs.flatMap(({ busyMs }) => busyMs)),
    slipMs: highOf(runs.flatMap(({ slipsMs }) => slipsMs)),
    othersShare: medianOf(runs.map(({ othersShare }) => othersShare)),
  }
  const events = answers.reduce((sum, { events }) => sum + events, 0)
  return {
    transport: runs[0]?.transport ?? '',
    repetitions: runs.length,
    requests: runs.reduce((sum, { requests }) => sum + requests, 0),
    answers: answers.length,
    failed: failures.length,
    failure: failures[0] ?? null,
    first: timesOf('first', answers, own),
    gap: timesOf('gap', answers, own),
    total: timesOf('total', answers, own),
    events: answers.length === 0 ? null : events / answers.length,
    bytes: medianOf(runs.map(({ bytes }) => bytes)),
    cpuUs: medianOf(runs.map(({ cpuUs }) => cpuUs)),
    overTime: answers.map(({ dueS, firstMs }) => [dueS, firstMs] as const),
    each: runs.map((run) => ({
      first: medianOf(run.answers.flatMap(TIMES.first)),
      gap: medianOf(run.answers.flatMap(TIMES.gap)),
      total: medianOf(run.answers.flatMap(TIMES.total)),
    })),
    own,
  }
}

const STEPS = 200

/** The events of one answer depend on each other, so the answers are the independent observations. */
function timesOf(part: AnswerPart, answers: readonly MeasuredAnswer[], own: AnswerSummary['own']): PartTimes {
  const sorted = Float64Array.from(answers.flatMap(TIMES[part])).sort()
  const at = (p: number): Quantile | null => sampleQuantile(sorted, Math.min(answers.length, sorted.length), p)
  const last = sorted.length - 1
  return {
    quantiles: { p50: at(LEVELS.p50), p95: at(LEVELS.p95), p99: at(LEVELS.p99) },
    maxMs: sorted.at(-1) ?? null,
    distribution:
      last < 0 ? [] : Array.from({ length: STEPS + 1 }, (_, i) => sorted[Math.round((i * last) / STEPS)] ?? 0),
    doubt: doubtOf(part, at(LEVELS.p95), own),
  }
}

/** Below this time, the part of the measuring program does not matter. */
const HARMLESS_MS = 1
/** The part of the measuring program, and of other programs, may be at most this share. */
const HARMLESS_SHARE = 0.25

function doubtOf(part: AnswerPart, p95: Quantile | null, own: AnswerSummary['own']): string | null {
  if (!p95) return part === 'gap' ? 'No answer had two events.' : 'No answer was complete.'
  const { busyMs, slipMs, othersShare } = own
  if (othersShare !== null && othersShare > HARMLESS_SHARE)
    return `Other programs used more than ${100 * HARMLESS_SHARE} % of the processors. Stop them, and measure again.`
  const harmlessMs = Math.max(HARMLESS_MS, HARMLESS_SHARE * p95.ms)
  if (busyMs > harmlessMs)
    return `Events waited up to ${msText(busyMs)} ms for the measuring program itself. Reduce --rate.`
  // A request that is sent late shifts all events alike.
  if (part !== 'gap' && slipMs > harmlessMs)
    return `Requests were sent up to ${msText(slipMs)} ms too late. Reduce --rate, or stop other programs.`
  return null
}

/** Returns the value that 19 of 20 values do not exceed, and 0 if there are none. */
function highOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(0.95 * (sorted.length - 1))] ?? 0
}

function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : median(known)
}
