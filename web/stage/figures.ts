/** The measured figure that answers the question of a scene, and the single values behind it. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { LaneFigures, SceneFigure, Seat } from '../../server/protocol/show.ts'
import { bytes, milliseconds, plural } from '../page/format.ts'

/** A value that was measured, and the transport by which its shape is known; null if it belongs to no single one. */
export interface MeasuredSample {
  readonly value: number
  readonly lane: TransportName | null
}

export interface MeasuredFigure {
  /** Null while nothing is known. */
  readonly value: number | null
  readonly samples: readonly MeasuredSample[]
  /** What was counted, such as `93 messages`. */
  readonly counted: string
  /** Range that the model expects; null without one. */
  readonly expected: { readonly from: number; readonly to: number } | null
}

/**
 * Returns a figure that is a number, as far as it is known now. The server computes the final one when the scene is
 * explained. A figure that names a lane has no place on an axis, so its value is null here.
 */
export function measure(figure: SceneFigure, lanes: readonly LaneFigures[], seats: readonly Seat[]): MeasuredFigure {
  switch (figure.of) {
    case 'delay': {
      const lane = lanes.find((one) => one.lane === figure.lane)
      const { p50Ms = null, n = 0, delaysMs = [], expected } = lane ?? {}
      return {
        value: p50Ms,
        samples: delaysMs.map((value) => ({ value, lane: figure.lane })),
        counted: messagesText(n),
        expected: expected ? { from: expected.fromMs, to: expected.toMs } : null,
      }
    }
    case 'bytes': {
      const lane = lanes.find((one) => one.lane === figure.lane)
      const value = lane?.bytesPerMessage ?? null
      const expected = lane?.expected?.bytesPerMessage ?? null
      return {
        value,
        samples: value === null ? [] : [{ value, lane: figure.lane }],
        counted: messagesText(lane?.n ?? 0),
        expected: expected === null ? null : { from: expected, to: expected },
      }
    }
    case 'lost': {
      const n = lanes.reduce((sum, lane) => sum + lane.n, 0)
      const value = n === 0 ? null : lanes.reduce((sum, { lost }) => sum + lost, 0)
      return {
        value,
        samples: value === null ? [] : [{ value, lane: null }],
        counted: messagesText(n),
        expected: null,
      }
    }
    case 'classDelay':
      return ofSeats(
        seats.filter(({ report }) => report?.transport === figure.lane),
        0.5,
      )
    case 'worstQuarter':
      return ofSeats(seats, 0.75)
    default:
      return { value: null, samples: [], counted: '', expected: null }
  }
}

function ofSeats(seats: readonly Seat[], p: number): MeasuredFigure {
  const samples = seats
    .flatMap(({ report }) => (report && report.p50Ms !== null ? [{ value: report.p50Ms, lane: report.transport }] : []))
    .toSorted((a, b) => a.value - b.value)
  return { value: quantile(samples, p), samples, counted: plural(samples.length, 'phone'), expected: null }
}

/** Returns the quantile by nearest rank; null without a sample. The samples ascend. */
function quantile(samples: readonly MeasuredSample[], p: number): number | null {
  return samples[Math.max(0, Math.ceil(samples.length * p) - 1)]?.value ?? null
}

const messagesText = (n: number): string => `${n.toLocaleString('en')} message${n === 1 ? '' : 's'}`

/** Formats a value of the figure with its unit. */
export function figureText(figure: SceneFigure, value: number): string {
  if (figure.of === 'bytes') return bytes(value)
  if (figure.of === 'lost') return `${value} lost`
  const [text, unit] = delayText(value)
  return `${text} ${unit}`
}

/** Formats a delay as a figure and its unit. From a second on, the unit is the second: on the stage, digits are large. */
export function delayText(ms: number | null | undefined): readonly [string, 'ms' | 's'] {
  if (ms === null || ms === undefined || ms < 999.5) return [milliseconds(ms), 'ms']
  return [(ms / 1000).toFixed(ms < 9995 ? 2 : 1).replace(/\.?0+$/, ''), 's']
}
