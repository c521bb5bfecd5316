/**
 * Gives the marks the times that the wire reported. The clock may be a little wrong, so each time is changed until the
 * order of the times is possible.
 */
import type { Way } from './crossings.ts'
import type { Cursor } from '../../server/protocol/feed.ts'
import { sentOf } from './mark.ts'
import type { ArrivalMark, BeatMark, Crossed, ExchangeMark, Held, SentMark, StreamMark } from './mark.ts'
import type { Marks } from './marks.ts'
import { firstAtOrAfter } from './search.ts'

/** What is known about one exchange of the server. */
export interface Known {
  crossed: Crossed
  readonly firstAtMs: number
  requestAtMs?: number
  headAtMs?: number
  answerAtMs?: number
  /** Id of the last event in the exchange's response. */
  answerId?: Cursor
  endAtMs?: number
  mark?: ExchangeMark | StreamMark | SentMark
}

/** A busy machine may handle a message this late although nothing on the way has held the message up. */
const USUAL_MS = 120
/** If no known condition explains a delay, the message counts as held up only if the delay is longer than this. */
const UNEXPLAINED_MS = 1000
/** If held-up messages arrive within this time of each other, the network released them together. */
const TOGETHER_MS = 5
/** How far back beats are corrected again. */
const NEAR_MS = 10_000

export function timeExchange(mark: ExchangeMark, known: Known, marks: Marks, way: Way): void {
  const { requestAtMs, answerAtMs } = known
  const endedAtMs = mark.endedAtMs ?? Infinity
  const sentAtMs = sentOf(mark)
  mark.crossed = known.crossed
  if (requestAtMs !== undefined) {
    mark.reachedAtMs = between(sentAtMs, requestAtMs, endedAtMs)
    note(mark, 'heldUp', heldUp(mark.reachedAtMs - sentAtMs, way))
  }
  if (answerAtMs === undefined) return
  mark.leftAtMs = between(mark.reachedAtMs ?? sentAtMs, answerAtMs, endedAtMs)
  if (mark.endedAtMs === null || mark.failed) return
  note(mark, 'heldDown', heldDown(mark.endedAtMs - mark.leftAtMs, way, false))
  const { arrivals } = marks
  // A poll's messages arrived when the poll's exchange ended.
  const arrival = arrivals[firstAtOrAfter(arrivals, mark.endedAtMs, ({ atMs }) => atMs)]
  if (mark.carried > 0 && arrival?.atMs === mark.endedAtMs) {
    arrival.leftAtMs = mark.leftAtMs
    arrival.exchange = known.crossed.exchange
  }
}

export function timeStream(mark: StreamMark, known: Known, way: Way): void {
  const { requestAtMs, headAtMs, answerAtMs, endAtMs } = known
  const openedAtMs = mark.openedAtMs ?? mark.endedAtMs ?? Infinity
  mark.crossed = known.crossed
  if (requestAtMs !== undefined) {
    mark.reachedAtMs = between(mark.askedAtMs, requestAtMs, openedAtMs)
    note(mark, 'heldUp', heldUp(mark.reachedAtMs - mark.askedAtMs, way))
  }
  const leftAtMs = headAtMs ?? answerAtMs
  if (leftAtMs !== undefined) {
    mark.leftAtMs = between(mark.reachedAtMs ?? mark.askedAtMs, leftAtMs, openedAtMs)
    if (mark.openedAtMs !== null) note(mark, 'heldDown', heldDown(mark.openedAtMs - mark.leftAtMs, way, way.isBuffered))
  }
  if (endAtMs !== undefined) mark.closedAtMs = Math.max(mark.reachedAtMs ?? mark.askedAtMs, endAtMs)
}

export function timeSent(mark: SentMark, requestAtMs: number | undefined, bytes: number, exchange: number): void {
  if (requestAtMs !== undefined) mark.reachedAtMs = Math.max(mark.atMs, requestAtMs)
  mark.bytes = bytes
  mark.exchange = exchange
}

export function timeArrival(
  arrival: ArrivalMark,
  leftAtMs: number,
  exchange: number,
  before: ArrivalMark | undefined,
  marks: Marks,
  way: Way,
): void {
  arrival.leftAtMs = Math.min(leftAtMs, arrival.atMs)
  arrival.exchange = exchange
  const travelMs = arrival.atMs - arrival.leftAtMs
  const isBehind =
    before?.held !== undefined && before.exchange === exchange && arrival.atMs - before.atMs < TOGETHER_MS
  const held = isBehind && travelMs > usualMs(way) ? 'behind' : heldDown(travelMs, way, way.isBuffered)
  if (held) arrival.held = held
  // On one connection, no message overtakes another.
  for (const beat of recent(marks, leftAtMs, exchange)) {
    if (beat.up) continue
    const landsAtMs = beat.browserAtMs ?? beat.atMs + way.oneWayMs
    const isLater = beat.atMs >= arrival.leftAtMs
    if (isLater ? landsAtMs < arrival.atMs : landsAtMs > arrival.atMs)
      beat.browserAtMs = Math.max(beat.atMs, arrival.atMs)
  }
}

/**
 * Places a ping and its pong at their times in the browser. A browser answers a ping at once, so each is placed in the
 * middle between the server's times of the ping and the pong.
 */
export function timeBeats(marks: Marks, pong: BeatMark): void {
  if (pong.is !== 'pong') return
  const ping = recent(marks, pong.atMs, pong.exchange).findLast(({ is, up }) => is === 'ping' && up !== pong.up)
  if (ping) ping.browserAtMs = pong.browserAtMs = (ping.atMs + pong.atMs) / 2
}

function recent({ beats }: Marks, atMs: number, of: number): readonly BeatMark[] {
  return beats
    .slice(firstAtOrAfter(beats, atMs - NEAR_MS, (beat) => beat.atMs))
    .filter(({ exchange }) => exchange === of)
}

function note<K extends 'heldUp' | 'heldDown'>(
  mark: ExchangeMark | StreamMark,
  which: K,
  held: Held | undefined,
): void {
  if (held) mark[which] = held
}

/**
 * Reports whether something held the request up. A new connection first needs one more round trip, which does not count
 * as held up.
 */
function heldUp(tookMs: number, way: Way): Held | undefined {
  return heldDown(tookMs - 2 * way.oneWayMs, way, false)
}

function heldDown(tookMs: number, way: Way, isBuffered: boolean): Held | undefined {
  const overMs = tookMs - usualMs(way)
  if (overMs > USUAL_MS && isBuffered) return 'buffered'
  if (overMs > USUAL_MS && way.isLossy) return 'lost'
  return overMs > UNEXPLAINED_MS ? 'buffered' : undefined
}

function usualMs({ oneWayMs, jitterMs }: Way): number {
  return oneWayMs + jitterMs
}

function between(leastMs: number, ms: number, mostMs: number): number {
  return Math.min(Math.max(leastMs, ms), mostMs)
}
