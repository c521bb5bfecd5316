/** The class as a picture: a row for each transport, and a mark for each seat. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Preflight, Seat } from '../../server/protocol/show.ts'
import { cluster, fittingR } from './swarm.ts'
import type { SwarmMark } from './swarm.ts'

/** Size and columns of the picture, in pixels at 1280×720. */
export interface RoomFrame {
  readonly left: number
  readonly right: number
  /** Left and right edge of the column of refused seats. */
  readonly refused: readonly [number, number]
  readonly rowHeight: number
}

export interface SeatRow {
  readonly lane: TransportName
  /** Seats whose lane this transport carries, and seats among them that fell back to it. */
  readonly carried: number
  readonly fellBackHere: number
  /** Seats that were dealt this transport and whose network refused it. */
  readonly refused: number
  /** Seats that have reported a delay, and the median of their typical delays; null without one. */
  readonly reported: number
  readonly medianMs: number | null
  readonly lost: number
  readonly marks: readonly (SwarmMark<Seat> & { readonly isRinged: boolean })[]
  readonly refusedMarks: readonly SwarmMark<Seat>[]
}

export interface RoomPicture {
  readonly rows: readonly SeatRow[]
  /** About half the height of a mark: the same in all rows. */
  readonly r: number
  readonly ticks: readonly { readonly x: number; readonly text: string }[]
  readonly phones: number
  readonly reported: number
  readonly lost: number
  readonly doubled: number
  /** Largest clock error of a seat; null before the first report. */
  readonly boundMs: number | null
}

const LARGEST_R = 7
/** The axis in ms: the usual one, and the one for a class with a seat beyond it. */
const USUAL = { from: 2, to: 2000 }
const WIDE = { from: 0.5, to: 10_000 }
const TICKS = [
  [1, '1 ms'],
  [2, '2 ms'],
  [10, '10'],
  [100, '100'],
  [1000, '1 s'],
  [10_000, '10 s'],
] as const
/** Share of a row's height that marks may fill. */
const FILLED = 0.9

/** Draws the class. Seats that are away keep their mark, so that the picture does not change when a phone sleeps. */
export function drawRoom(lanes: readonly TransportName[], seats: readonly Seat[], frame: RoomFrame): RoomPicture {
  const { left, right, refused, rowHeight } = frame
  const delays = seats.flatMap(({ report }) => report?.p50Ms ?? [])
  const axis = delays.every((ms) => ms >= USUAL.from && ms <= USUAL.to) ? USUAL : WIDE
  const x = (ms: number): number => {
    const share = Math.log(Math.max(ms, axis.from) / axis.from) / Math.log(axis.to / axis.from)
    return left + Math.min(1, share) * (right - left)
  }
  const xOf = ({ report }: Seat): number => x(report?.p50Ms ?? axis.from)
  const byLane = lanes.map((lane) => ({
    lane,
    here: seats.filter(({ report }) => report?.transport === lane && report.p50Ms !== null),
    refused: seats.filter((seat) => seat.dealt === lane && isRefused(seat)),
  }))
  const high = rowHeight * FILLED
  const r = fittingR(
    byLane.map(({ here }) => here.map(xOf)),
    left,
    high,
    LARGEST_R,
  )
  const rows = byLane.map(({ lane, here, refused: away }, i): SeatRow => {
    const middle = (i + 0.5) * rowHeight
    const carried = seats.filter(({ report }) => report?.transport === lane)
    return {
      lane,
      carried: carried.length,
      fellBackHere: carried.filter((seat) => seat.dealt !== lane).length,
      refused: away.length,
      reported: here.length,
      medianMs: median(here.map(({ report }) => report?.p50Ms ?? 0)),
      lost: carried.reduce((sum, { report }) => sum + (report?.lost ?? 0), 0),
      marks: cluster(here, xOf, left, middle, r, high).marks.map((mark) => ({
        ...mark,
        isRinged: mark.of.dealt !== lane,
      })),
      refusedMarks: inColumn(away, refused, middle, r, high),
    }
  })
  const bounds = seats.flatMap(({ report }) => report?.boundMs ?? [])
  return {
    rows,
    r,
    ticks: TICKS.filter(([ms]) => ms >= axis.from && ms <= axis.to && (axis === USUAL || ms !== 2)).map(
      ([ms, text]) => ({
        x: x(ms),
        text,
      }),
    ),
    phones: seats.filter(({ here }) => here).length,
    reported: delays.length,
    lost: rows.reduce((sum, { lost }) => sum + lost, 0),
    doubled: seats.reduce((sum, { report }) => sum + (report?.doubled ?? 0), 0),
    boundMs: bounds.length > 0 ? Math.max(...bounds) : null,
  }
}

/** Places marks side by side in the hatched column, line by line. */
function inColumn(
  seats: readonly Seat[],
  [left, right]: readonly [number, number],
  middle: number,
  r: number,
  height: number,
): readonly SwarmMark<Seat>[] {
  const step = r * 2.6
  const perLine = Math.max(1, Math.floor((right - left) / step))
  const lines = Math.ceil(seats.length / perLine)
  const pitch = Math.min(step, height / Math.max(1, lines))
  return seats.map((of, i) => {
    const line = Math.floor(i / perLine)
    const inLine = Math.min(perLine, seats.length - line * perLine)
    return {
      of,
      x: (left + right) / 2 + ((i % perLine) - (inLine - 1) / 2) * step,
      y: middle + (line - (lines - 1) / 2) * pitch,
    }
  })
}

/** Reports whether the seat's network does not let its dealt transport through. */
function isRefused({ dealt, fellBack, preflight }: Seat): boolean {
  return fellBack !== null || preflight.some(({ transport, found }) => transport === dealt && found !== 'works')
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length / 2) - 1)] ?? null
}

/** Says what a seat's network does not let through, such as `WebSocket refused (403)`. Empty if everything works. */
export function troublesOf(preflight: readonly Preflight[], labels: Readonly<Record<TransportName, string>>): string {
  return preflight
    .filter(({ found }) => found !== 'works')
    .map(({ transport, found, status }) => {
      const how = found === 'held' ? 'held back' : found
      return `${labels[transport]} ${how}${status === undefined ? '' : ` (${status})`}`
    })
    .join(', ')
}
