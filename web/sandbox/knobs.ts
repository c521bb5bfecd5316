/**
 * Knobs for the network, one for each condition that is a number. Every slider is off at its left end, and makes the
 * network worse to the right.
 */
import type { Conditions } from '../../server/protocol/lab.ts'

export type KnobName = { [Name in keyof Conditions]: Conditions[Name] extends number ? Name : never }[keyof Conditions]

export interface Knob {
  readonly name: KnobName
  readonly label: string
  /** Unit that the page shows (`unit`), and the factor from this unit to the unit of the condition (`perUnit`). */
  readonly unit: string
  readonly perUnit: number
  /**
   * Mildest and worst value, in the unit of the condition. Each step between them is the same factor. A further value
   * is 0, which means off.
   */
  readonly mildest: number
  readonly worst: number
  /** Values at the slider's positions; the first is 0. */
  readonly values: readonly number[]
  readonly does: string
}

/** Greatest number of steps of a slider. */
const STEPS = 80

export const KNOBS: readonly Knob[] = [
  knob('latencyMs', 'latency', 'ms', 1, 1, 2000, 'in each direction; a new connection needs one more round trip'),
  knob('jitterMs', 'jitter', 'ms', 1, 1, 2000, 'each packet needs up to this time more; no packet overtakes another'),
  knob(
    'bandwidthBytesPerSecond',
    'bandwidth',
    'kB/s',
    1000,
    1e9,
    1000,
    'packets leave one after the other at this rate',
  ),
  knob(
    'lossRate',
    'loss',
    '%',
    0.01,
    0.001,
    0.5,
    'this share of the packets arrives one timeout late, and later packets wait',
  ),
  knob('bufferingBytes', 'buffering, size', 'bytes', 1, 1, 1_048_576, 'a proxy collects this many bytes of a response'),
  knob(
    'bufferingMs',
    'buffering, time',
    'ms',
    1,
    1,
    60_000,
    'or the bytes of this time; none: until the buffer is full',
  ),
  knob(
    'slowReaderBytesPerSecond',
    'slow reader',
    'kB/s',
    1000,
    1e6,
    100,
    'the client’s application reads no more than this; the server has to hold the rest',
  ),
  knob('idleCutMs', 'idle cut', 's', 1000, 600_000, 500, 'a connection without a byte for this time is closed'),
]

/** Position with the nearest value. */
export function positionOf({ values }: Knob, value: number): number {
  if (value === 0) return 0
  const away = (position: number): number => Math.abs(Math.log(values[position] ?? 1) - Math.log(value))
  return values.reduce((best, _, position) => (position > 1 && away(position) < away(best) ? position : best), 1)
}

/** Value that a person typed, limited to the range of the knob; 0 for off, and null for text that is not a number. */
export function typedValue({ perUnit, mildest, worst }: Knob, text: string): number | null {
  const shown = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(shown)) return null
  if (shown <= 0) return 0
  const value = Number((shown * perUnit).toPrecision(6))
  return Math.min(Math.max(mildest, worst), Math.max(Math.min(mildest, worst), value))
}

/** Value in the unit that is shown. */
export function shownValue({ perUnit }: Knob, value: number): number {
  return Number((value / perUnit).toPrecision(6))
}

export function valueText(knob: Knob, value: number): string {
  return value === 0 ? 'none' : `${shownValue(knob, value).toLocaleString('en')} ${knob.unit}`
}

function knob(
  name: KnobName,
  label: string,
  unit: string,
  perUnit: number,
  mildest: number,
  worst: number,
  does: string,
): Knob {
  return { name, label, unit, perUnit, mildest, worst, values: [0, ...steps(mildest, worst)], does }
}

/**
 * Values from mild to worst, rounded to two figures, without duplicates. With a duplicate, a step of the slider would
 * change nothing.
 */
function steps(mildest: number, worst: number): readonly number[] {
  const round = Math.min(mildest, worst) < 1 ? Number : Math.round
  const between = Array.from({ length: STEPS - 1 }, (_, i) => mildest * (worst / mildest) ** (i / STEPS))
  return [...new Set([...between.map((value) => round(Number(value.toPrecision(2)))), worst])]
}
