/** Data with which a strip is drawn: the lane's marks, the time span, and the position of each time. */
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../transports/index.ts'
import type { LaneName } from '../lane/order.ts'
import type { Absence } from '../session/session.ts'
import { sentOf } from '../lane/mark.ts'
import type { ArrivalMark, BeatMark, ExchangeMark, MarkLists, StreamMark } from '../lane/mark.ts'
import type { Message } from '../lane/messages.ts'
import type { Band } from '../session/network.ts'
import type { Stretch } from '../session/quiet.ts'
import { firstAtOrAfter } from '../lane/search.ts'
import type { Colours } from '../drawing/colours.ts'
import type { Pen } from '../drawing/pen.ts'

/** Data of the lane that a strip draws. */
export interface Trace extends MarkLists {
  readonly name: LaneName
  readonly transport: TransportName
  /** Messages that the server has published and this lane has not brought yet, oldest first. */
  readonly pending: readonly PendingMessage[]
  /** Half a round trip. If no measurement shows how long a message travelled, the ladder assumes this time. */
  readonly halfTripMs: number
  publishedAtMs(message: Message): number
  /**
   * Returns the delay of an arrival as a label; null if the ladder draws no label for this arrival. The ladder chooses
   * once whether to draw the label, so the label does not flicker.
   */
  labelled(arrival: ArrivalMark): string | null
}

/** A message that this lane has not brought yet. All times of the message are on this page's clock. */
export interface PendingMessage {
  readonly publishedAtMs: number
  /** Time at which the message left the server; undefined if the wire has not reported it. */
  readonly leftAtMs: number | undefined
}

/** The time span that the picture shows, and its scale. */
export interface Span {
  readonly width: number
  /** Time at the right edge of the picture. */
  readonly endMs: number
  readonly pxPerMs: number
  /** The present. A mark that has not ended yet is drawn up to the present. */
  readonly nowMs: number
  /**
   * True if the distance between messages is smaller than 14 px. The ladder then draws smaller marks and leaves out
   * most rules.
   */
  readonly dense: boolean
  /** Times in which the network had conditions. */
  readonly bands: readonly Band[]
  /** Times in which the server was absent. If the server is still absent, the end of the last one is null. */
  readonly absences: readonly Absence[]
  /** `folds`: the folds, oldest first. `hiddenMs`: the time that the folds hide before the right edge. */
  readonly folds: readonly Fold[]
  readonly hiddenMs: number
  /** Time at the left edge of the picture. */
  readonly fromMs: number
}

/** A time span that the picture folds, and the length of the quiet time in it. */
export interface Fold extends Stretch {
  readonly quietMs: number
}

export interface StripSizes {
  /** Position of the server's line and of the browser's line, as shares of the strip's height. */
  readonly server: number
  readonly browser: number
  readonly edge: number
  readonly bar: number
  /** Height of the space in which the bars of waiting messages are stacked. */
  readonly room: number
  readonly carry: number
  readonly dot: number
  /** Size of the labels; 0 if the strip has no labels. */
  readonly text: number
}

export interface Strip {
  readonly pen: Pen
  readonly colours: Colours
  readonly span: Span
  readonly sizes: StripSizes
  readonly trace: Trace
  readonly colour: string
  readonly top: number
  readonly height: number
  readonly serverY: number
  readonly browserY: number
  /** `fromMs`: time at the left edge. `untilMs`: latest time at which the strip can draw a mark. */
  readonly fromMs: number
  readonly untilMs: number
  x(ms: number): number
  /** Exchanges or streams that overlap the time span, oldest first. No exchange or stream overlaps another. */
  readonly marks: readonly (ExchangeMark | StreamMark)[]
}

/**
 * Returns the time at which the request reached the server. Without a report of the wire, this is half a round trip
 * after the request, but at most the middle of the exchange.
 */
export function reachedAtMs({ halfTripMs }: Trace, mark: ExchangeMark | StreamMark): number {
  const sentAtMs = sentOf(mark)
  return (
    mark.reachedAtMs ??
    Math.min(sentAtMs + halfTripMs, mark.endedAtMs === null ? Infinity : (sentAtMs + mark.endedAtMs) / 2)
  )
}

/** Returns the time at which the response left the server. */
export function leftAtMs({ halfTripMs }: Trace, exchange: ExchangeMark, endedAtMs: number): number {
  return exchange.leftAtMs ?? Math.max(endedAtMs - halfTripMs, (sentOf(exchange) + endedAtMs) / 2)
}

/** Returns the time at which the head of a stream's response left the server. */
export function headLeftAtMs({ halfTripMs }: Trace, stream: StreamMark, openedAtMs: number): number {
  return stream.leftAtMs ?? Math.max(openedAtMs - halfTripMs, (stream.askedAtMs + openedAtMs) / 2)
}

/** Returns the time at which the browser received or sent the beat. */
export function browserAtMs({ halfTripMs }: Trace, { up, atMs, browserAtMs: knownMs }: BeatMark): number {
  return knownMs ?? atMs + (up ? -halfTripMs : halfTripMs)
}

/**
 * Returns the time at which an arrived message left the server. This time is never before the server published the
 * message.
 */
export function arrivalLeftAtMs(trace: Trace, arrival: ArrivalMark): number {
  const newest = arrival.messages.at(-1)
  const publishedAtMs = newest ? trace.publishedAtMs(newest) : -Infinity
  return arrival.leftAtMs ?? Math.min(arrival.atMs, Math.max(arrival.atMs - trace.halfTripMs, publishedAtMs))
}

export function isPolling(transport: TransportName): boolean {
  return transports[transport].kind === 'poll'
}

/**
 * Returns the exchanges or streams that overlap a time span. The list of exchanges and the list of streams ascend in
 * time, and no mark of a list overlaps another mark of the list.
 */
export function visible(trace: Trace, fromMs: number, untilMs: number): readonly (ExchangeMark | StreamMark)[] {
  const marks = trace.exchanges.length > 0 ? trace.exchanges : trace.streams
  const first = firstAtOrAfter<ExchangeMark | StreamMark>(marks, fromMs, (mark) => mark.endedAtMs ?? Infinity)
  const behind = firstAtOrAfter<ExchangeMark | StreamMark>(marks, untilMs, (mark) => mark.askedAtMs)
  return marks.slice(first, behind)
}

/** Width of a gap's label, as a time. The label stands to the right of the gap. */
const GAP_SHOWN_MS = 3000

/**
 * Returns the marks in the time span. The list must ascend by `atMs`. Some marks are wide, so the result includes marks
 * that begin a little to the left of the span.
 */
export function shown<T extends { readonly atMs: number }>(
  { fromMs, untilMs }: Strip,
  marks: readonly T[],
): readonly T[] {
  const first = firstAtOrAfter(marks, fromMs - GAP_SHOWN_MS, (mark) => mark.atMs)
  return marks.slice(
    first,
    firstAtOrAfter(marks, untilMs, (mark) => mark.atMs),
  )
}
