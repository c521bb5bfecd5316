/**
 * Creates the knobs for the network, one knob for each condition that is a number. Each slider switches its condition
 * off at the left end, and makes the network worse to the right.
 */
import type { Conditions } from '../../server/protocol/lab.ts'

export type KnobName = { [Name in keyof Conditions]: Conditions[Name] extends number ? Name : never }[keyof Conditions]

export interface Knob {
  readonly name: KnobName
  readonly label: string
  /** `unit`: unit that the page shows. `perUnit`: factor that turns this unit into the unit of the condition. */
  readonly unit: string
  readonly perUnit: number
  /**
   * Mildest value and worst value, in the unit of the condition. From each value to the next, the factor is the same.
   * One more value is 0, which switches the condition off.
   */
  readonly mildest: number
  readonly worst: number
  /** Values at the positions of the slider, from left to right. The first value is 0. */
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

/** Returns the position of the slider whose value is nearest to `value`. */
export function positionOf({ values }: Knob, value: number): number {
  if (value === 0) return 0
  const away = (position: number): number => Math.abs(Math.log(values[position] ?? 1) - Math.log(value))
  return values.reduce((best, _, position) => (position > 1 && away(position) < away(best) ? position : best), 1)
}

/**
 * Returns the value that a person typed, limited to the range of the knob. Returns 0 for off, and null for a text that
 * is not a number.
 */
export function typedValue({ perUnit, mildest, worst }: Knob, text: string): number | null {
  const shown = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(shown)) return null
  if (shown <= 0) return 0
  const value = Number((shown * perUnit).toPrecision(6))
  return Math.min(Math.max(mildest, worst), Math.max(Math.min(mildest, worst), value))
}

/** Returns the value in the unit that the page shows. */
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
 * Returns the values from mildest to worst, rounded to two digits, without duplicates. A slider with a duplicate would
 * have a step that changes nothing.
 */
function steps(mildest: number, worst: number): readonly number[] {
  const round = Math.min(mildest, worst) < 1 ? Number : Math.round
  const between = Array.from({ length: STEPS - 1 }, (_, i) => mildest * (worst / mildest) ** (i / STEPS))
  return [...new Set([...between.map((value) => round(Number(value.toPrecision(2)))), worst])]
}
