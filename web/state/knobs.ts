/** What can be set of the network: one line for each condition. Every slider makes it worse to the right, and is none at its left end. */
import type { Conditions } from '../../server/protocol.ts'

export type KnobName = { [Name in keyof Conditions]: Conditions[Name] extends number ? Name : never }[keyof Conditions]

export interface Knob {
  readonly name: KnobName
  readonly label: string
  /** What stands behind the number, and how much one of it is in what is set. */
  readonly unit: string
  readonly perUnit: number
  /** From the mildest to the worst, as it is set; in between each step is the same factor. Beside these there is 0, which is none. */
  readonly mildest: number
  readonly worst: number
  /** The slider's, by its positions; the first is 0. */
  readonly values: readonly number[]
  readonly does: string
}

/** So many from one end of a slider to the other, at most. */
const STEPS = 80

export const KNOBS: readonly Knob[] = [
  knob('latencyMs', 'latency', 'ms', 1, 1, 2000, 'each way; a new connection takes a round trip more'),
  knob('jitterMs', 'jitter', 'ms', 1, 1, 2000, 'up to so much more, packet by packet; nothing overtakes'),
  knob('bandwidthBytesPerSecond', 'bandwidth', 'kB/s', 1000, 1e9, 1000, 'packets leave one behind the other'),
  knob('lossRate', 'loss', '%', 0.01, 0.001, 0.5, 'of the packets come a timeout late, and all behind them wait'),
  knob('bufferingBytes', 'buffering, size', 'bytes', 1, 1, 1_048_576, 'a proxy collects so much on its way down'),
  knob('bufferingMs', 'buffering, time', 'ms', 1, 1, 60_000, 'or so long since the first byte; none: until it is full'),
  knob(
    'slowReaderBytesPerSecond',
    'slow reader',
    'kB/s',
    1000,
    1e6,
    100,
    'the application takes no more; the server has to hold the rest',
  ),
  knob('idleCutMs', 'idle cut', 's', 1000, 600_000, 500, 'a connection silent for so long is closed'),
]

/** The position whose value is nearest. */
export function positionOf({ values }: Knob, value: number): number {
  if (value === 0) return 0
  const away = (position: number): number => Math.abs(Math.log(values[position] ?? 1) - Math.log(value))
  return values.reduce((best, _, position) => (position > 1 && away(position) < away(best) ? position : best), 1)
}

/** What somebody typed, as it is set: within what there is, or 0. Null where it is no number. */
export function typedValue({ perUnit, mildest, worst }: Knob, text: string): number | null {
  const shown = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(shown)) return null
  if (shown <= 0) return 0
  const value = Number((shown * perUnit).toPrecision(6))
  return Math.min(Math.max(mildest, worst), Math.max(Math.min(mildest, worst), value))
}

/** The number before its unit. */
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

/** Rounded to two figures, and each once: a slider that did not move would be stuck there. */
function steps(mildest: number, worst: number): readonly number[] {
  const round = Math.min(mildest, worst) < 1 ? Number : Math.round
  const between = Array.from({ length: STEPS - 1 }, (_, i) => mildest * (worst / mildest) ** (i / STEPS))
  return [...new Set([...between.map((value) => round(Number(value.toPrecision(2)))), worst])]
}
