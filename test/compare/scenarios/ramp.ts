/** A ramp: up to which rate a transport keeps its delays. */
import type { DeliveryTable } from './deliveries.ts'
import { quantileIn, valuesOf } from './deliveries.ts'
import type { ScenarioColumn } from './columns.ts'

export interface RampFigures {
  readonly name: 'ramp'
  /** Equal parts of the time, in their order. */
  readonly steps: readonly RampStep[]
}

interface RampStep {
  /** Messages a second at the start and at the end of the step. */
  readonly fromRate: number
  readonly toRate: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  /** 19 of 20 deliveries waited for the clients themselves for less. */
  readonly busyMs: number
  /** 19 of 20 messages were sent late by less. */
  readonly slipMs: number
  readonly missing: number
}

const STEPS = 10

interface Ramp {
  readonly rate: number
  readonly rateTo: number
  readonly seconds: number
}

/** `fromMs` is the start of the ramp. */
export function rampFigures(table: DeliveryTable, { rate, rateTo, seconds }: Ramp, fromMs: number): RampFigures {
  const { messages, clients } = table
  const rateAt = (step: number): number => rate + ((rateTo - rate) * step) / STEPS
  const rowAt = (step: number): number => {
    const row = messages.findIndex(({ dueMs }) => dueMs >= fromMs + (step * seconds * 1000) / STEPS)
    return row === -1 || step === STEPS ? messages.length : row
  }
  const steps = Array.from({ length: STEPS }, (_, step) => {
    const rows = { from: rowAt(step), to: rowAt(step + 1) }
    const delays = valuesOf(table, table.delayMs, rows)
    const slips = Float32Array.from(messages.slice(rows.from, rows.to), ({ sentMs, dueMs }) => sentMs - dueMs).sort()
    return {
      fromRate: rateAt(step),
      toRate: rateAt(step + 1),
      p50Ms: quantileIn(delays, 0.5),
      p95Ms: quantileIn(delays, 0.95),
      busyMs: quantileIn(valuesOf(table, table.busyMs, rows), 0.95) ?? 0,
      slipMs: quantileIn(slips, 0.95) ?? 0,
      missing: (rows.to - rows.from) * clients - delays.length,
    }
  })
  return { name: 'ramp', steps }
}

export interface HeldRate {
  /** Messages a second; 0 if the clients are busy from the start. */
  readonly rate: number
  /** How it goes on above this rate: the ramp ends, the delays grow, or the clients hide the delays of the server. */
  readonly above: 'end' | 'broken' | 'untold'
}

/** A delay that has grown by less is not noticed. */
const NOTICED_MS = 50
const GROWN = 2
/** Below this time, or below this share of the delay, the clients' own part does not matter. */
const HARMLESS_MS = 1
const HARMLESS_SHARE = 0.25

/**
 * Returns the rate up to which a transport keeps up. In each later step messages are missing, or p95 is above twice that
 * of the first step, and by 50 ms or more. One slow step in between does not count.
 */
export function heldRateOf({ steps }: RampFigures): HeldRate {
  const first = steps[0]?.p95Ms ?? 0
  // Without a reference, nothing can be told.
  if (steps[0] && !isTold(steps[0])) return { rate: 0, above: 'untold' }
  const isGrown = ({ p95Ms, missing }: RampStep): boolean =>
    p95Ms === null || missing > 0 || p95Ms > Math.max(GROWN * first, first + NOTICED_MS)
  const lastGood = steps.findLastIndex((step) => !isGrown(step))
  const broken = steps[lastGood + 1]
  if (!broken) return { rate: steps.at(-1)?.toRate ?? 0, above: 'end' }
  return { rate: broken.fromRate, above: isTold(broken) ? 'broken' : 'untold' }
}

const isTold = ({ busyMs, slipMs, p95Ms }: RampStep): boolean =>
  Math.max(busyMs, slipMs) <= Math.max(HARMLESS_MS, HARMLESS_SHARE * (p95Ms ?? 0))

/** Returns the repetition in the middle. */
export function typicalHeldRate(all: readonly RampFigures[]): HeldRate | null {
  const sorted = all.map(heldRateOf).toSorted((one, other) => one.rate - other.rate)
  return sorted[(sorted.length - 1) >> 1] ?? null
}

export const rateText = (rate: number): string => Number(rate.toPrecision(3)).toString()

function heldText({ rate, above }: HeldRate): string {
  if (above === 'broken') return rateText(rate)
  if (above === 'end') return `≥ ${rateText(rate)}`
  return rate === 0 ? '?' : `> ${rateText(rate)} ?`
}

export const rampColumns: readonly ScenarioColumn<RampFigures>[] = [
  {
    title: 'holds messages/s',
    isRate: true,
    text(all) {
      const held = typicalHeldRate(all)
      return held === null ? '–' : heldText(held)
    },
  },
  { title: 'in each repetition', isRate: true, text: (all) => all.map((one) => heldText(heldRateOf(one))).join(', ') },
]

export const RAMP_NOTE = `holds: the rate up to which p95 of a tenth of the time stays below twice that of the first tenth, or within ${NOTICED_MS} ms of it, and no message is missing; in the repetition in the middle.
≥: the ramp ended before the delays grew. ?: above this rate, or from the start, the delays may be those of the clients.`
