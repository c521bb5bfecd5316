/** Sums up all repetitions of one transport. */
import { quantileOf } from '../../web/measure/choosing.ts'
import { sampleQuantile } from '../../web/measure/latency.ts'
import type { Quantile } from '../../web/measure/latency.ts'
import type { Expectation } from '../../web/measure/model.ts'
import type { TransportRun } from './measure.ts'
import { median } from './median.ts'
import type { RelayFigures } from './relay-process.ts'
import type { ScenarioFigures } from './scenarios/figures.ts'
import { msText } from './words.ts'

export interface Summary {
  readonly transport: string
  readonly repetitions: number
  readonly messages: number
  readonly deliveries: number
  /** Number of independent observations, for the confidence intervals. */
  readonly independent: number
  /** From the intended sending to the receipt. */
  readonly delay: Quantiles
  readonly maxMs: number | null
  /** From the acceptance to the receipt; null if the server does not report it. */
  readonly acceptedDelay: Quantiles | null
  /** Greatest error of these delays, by the clocks. */
  readonly clockBoundMs: number | null
  /** Median and 95 % quantile that the model expects from the acceptance to the receipt; null without a model. */
  readonly expected: { readonly p50Ms: number; readonly p95Ms: number } | null
  /** Delays in steps of half a percent, from the smallest to the greatest. */
  readonly distribution: readonly number[]
  /** Of every repetition: the seconds since the end of the warm-up, and the median delay of a message. */
  readonly overTime: readonly (readonly [number, number])[]
  /** Figures of each repetition, in their order. */
  readonly each: readonly Repetition[]
  readonly lost: number
  readonly doubled: number
  readonly reordered: number
  readonly refused: number
  readonly refusal: string | null
  readonly dropped: number
  readonly bytes: number | null
  readonly requests: number | null
  readonly cpuUs: number | null
  readonly memoryKiB: number | null
  readonly own: ToolLimits
  /** Figures of the scenario in each repetition; empty if the scenario has none. */
  readonly scenario: readonly ScenarioFigures[]
  /** Reason why the delays cannot be told, as a sentence; null if they can. */
  readonly doubt: string | null
  /** Reason why no figure of the whole measurement can be told: other programs, or a relay that is too busy. */
  readonly outerDoubt: string | null
}

export type Level = 'p50' | 'p95' | 'p99'

export interface Repetition extends Readonly<Record<Level, number | null>> {
  readonly cpuUs: number | null
  readonly bytes: number | null
}

export type Quantiles = Readonly<Record<Level, Quantile | null>>

/** The part of the measuring programs. */
export interface ToolLimits {
  /** 19 of 20 deliveries waited for the receiving process for less. */
  readonly busyMs: number
  /** 19 of 20 messages were sent late by less. */
  readonly slipMs: number
  /** 99 of 100 timers of the receiving processes were late by less. */
  readonly loopDelayMs: number
  /** Share of the processors that other programs used; null if it is unknown. */
  readonly othersShare: number | null
  /** The relay that imitates the network, in its worst repetition; null without one. */
  readonly relay: RelayFigures | null
}

const LEVELS = { p50: 0.5, p95: 0.95, p99: 0.99 } as const

/** All runs are of one transport. `expect` returns the model for the time that a confirmation takes. */
export function summarise(
  runs: readonly TransportRun[],
  expect: (confirmationMs: number) => Expectation | null = () => null,
): Summary {
  const delays = merged(runs.map(({ delaysMs }) => delaysMs))
  const accepted = merged(runs.map(({ acceptedDelaysMs }) => acceptedDelaysMs))
  const independent = total(runs, ({ independent }) => independent)
  const confirmations = merged(runs.map(({ confirmationsMs }) => confirmationsMs))
  const deliveries = delays.length
  const own = {
    busyMs: sampleQuantile(merged(runs.map(({ busyMs }) => busyMs)), independent, 0.95)?.ms ?? 0,
    slipMs: sampleQuantile(merged(runs.map(({ slipsMs }) => slipsMs)), independent, 0.95)?.ms ?? 0,
    loopDelayMs: Math.max(...runs.map(({ loopDelayMs }) => loopDelayMs)),
    othersShare: medianOf(runs.flatMap(({ othersShare }) => othersShare ?? [])),
    relay: worstOf(runs.flatMap(({ relay }) => relay ?? [])),
  }
  const delay = quantilesOf(delays, independent)
  return {
    transport: runs[0]?.transport ?? '',
    repetitions: runs.length,
    messages: total(runs, ({ messages }) => messages),
    deliveries,
    independent,
    delay,
    maxMs: delays.at(-1) ?? null,
    acceptedDelay: accepted.length === 0 ? null : quantilesOf(accepted, independent),
    clockBoundMs: accepted.length === 0 ? null : Math.max(...runs.map(({ clockBoundMs }) => clockBoundMs ?? 0)),
    expected: expectedBy(expect(sampleQuantile(confirmations, confirmations.length, 0.5)?.ms ?? 0)),
    distribution: Array.from({ length: STEPS + 1 }, (_, i) => delays[Math.round((i * (deliveries - 1)) / STEPS)] ?? 0),
    overTime: thinned(runs.flatMap(({ overTime }) => overTime)),
    each: runs.map(repetitionOf),
    lost: total(runs, ({ lost }) => lost),
    doubled: total(runs, ({ doubled }) => doubled),
    reordered: total(runs, ({ reordered }) => reordered),
    refused: total(runs, ({ refused }) => refused),
    refusal: runs.find(({ refusal }) => refusal !== null)?.refusal ?? null,
    dropped: total(runs, ({ dropped }) => dropped),
    bytes: perDelivery(runs, bytesOf),
    requests: perDelivery(runs, ({ usage }) => usage && usage.requests),
    cpuUs: perDelivery(runs, cpuUsOf),
    memoryKiB: medianOf(runs.flatMap(({ memoryKiB }) => memoryKiB ?? [])),
    own,
    scenario: runs.flatMap(({ scenario }) => scenario ?? []),
    doubt: outerDoubtOf(delay, own) ?? clientsDoubtOf(delay, own),
    outerDoubt: outerDoubtOf(delay, own),
  }
}

/** Returns the greatest share and the greatest delay. */
const worstOf = (all: readonly RelayFigures[]): RelayFigures | null =>
  all.length === 0
    ? null
    : {
        busyShare: Math.max(...all.map(({ busyShare }) => busyShare)),
        loopDelayMs: Math.max(...all.map(({ loopDelayMs }) => loopDelayMs)),
      }

const STEPS = 200

/** Most points of a picture. */
const POINTS = 1000

/** Leaves out points at equal distances, if there are too many. */
function thinned<Point>(points: readonly Point[]): readonly Point[] {
  const step = Math.ceil(points.length / POINTS)
  return points.filter((_, i) => i % step === 0)
}

const expectedBy = (expectation: Expectation | null): Summary['expected'] =>
  expectation && { p50Ms: expectation.p50Ms, p95Ms: quantileOf(expectation, 0.95) }

const repetitionOf = (run: TransportRun): Repetition => ({
  ...levels((p) => sampleQuantile(run.delaysMs, run.independent, p)?.ms ?? null),
  cpuUs: perDelivery([run], cpuUsOf),
  bytes: perDelivery([run], bytesOf),
})

const bytesOf = ({ usage }: TransportRun): number | null => usage && usage.bytesUp + usage.bytesDown

const cpuUsOf = ({ cpuMs }: TransportRun): number | null => cpuMs && cpuMs * 1000

/** Null if an amount is unknown, or if nothing has arrived. */
function perDelivery(runs: readonly TransportRun[], amountOf: (run: TransportRun) => number | null): number | null {
  const amounts = runs.map(amountOf)
  const deliveries = total(runs, ({ costed }) => costed)
  if (deliveries === 0 || !amounts.every((amount) => amount !== null)) return null
  return amounts.reduce((sum, amount) => sum + amount, 0) / deliveries
}

/** Below this time, the clients' own part does not matter. */
const HARMLESS_MS = 1
/** Other programs may use at most this share of the processors. */
const OTHERS_SHARE = 0.25
/** The relay may work for at most this share of the time: above it, packets wait for the relay. */
const RELAY_SHARE = 0.75
/** The clients' own part may be at most this share of the delay. */
const HARMLESS_SHARE = 0.25

const isHarmless = (ms: number, { ms: delayMs }: Quantile): boolean =>
  ms <= Math.max(HARMLESS_MS, HARMLESS_SHARE * delayMs)

function outerDoubtOf({ p99 }: Quantiles, { othersShare, relay }: ToolLimits): string | null {
  if (!p99) return 'No message has arrived.'
  if (othersShare !== null && othersShare > OTHERS_SHARE)
    return `Other programs used more than ${100 * OTHERS_SHARE} % of the processors. Stop them, and measure again.`
  if (relay && relay.busyShare > RELAY_SHARE)
    return `The relay that imitates the network was busy for ${(100 * relay.busyShare).toFixed(0)} % of the time. Reduce --clients or --rate.`
  if (relay && !isHarmless(relay.loopDelayMs, p99))
    return `Timers of the relay that imitates the network were up to ${msText(relay.loopDelayMs)} ms late. Reduce --clients or --rate.`
  return null
}

/** Compares the clients' own part with the delays at the same level, because the load must not blame the server. */
function clientsDoubtOf({ p95, p99 }: Quantiles, { busyMs, slipMs, loopDelayMs }: ToolLimits): string | null {
  if (!p95 || !p99) return null
  if (!isHarmless(busyMs, p95))
    return `Deliveries waited up to ${msText(busyMs)} ms for the clients themselves, and the delay at p95 is ${msText(p95.ms)} ms. Reduce --clients or --rate.`
  if (!isHarmless(slipMs, p95))
    return `Messages were sent up to ${msText(slipMs)} ms too late. Reduce --rate, or stop other programs.`
  if (!isHarmless(loopDelayMs, p99))
    return `Timers of the clients were up to ${msText(loopDelayMs)} ms late. Reduce --clients, or stop other programs.`
  return null
}

const levels = <Value>(value: (p: number) => Value): Record<Level, Value> => ({
  p50: value(LEVELS.p50),
  p95: value(LEVELS.p95),
  p99: value(LEVELS.p99),
})

const quantilesOf = (sorted: Float64Array, independent: number): Quantiles =>
  levels((p) => sampleQuantile(sorted, independent, p))

const total = (runs: readonly TransportRun[], count: (run: TransportRun) => number): number =>
  runs.reduce((sum, run) => sum + count(run), 0)

function merged(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all.sort()
}

const medianOf = (values: readonly number[]): number | null => (values.length === 0 ? null : median(values))
