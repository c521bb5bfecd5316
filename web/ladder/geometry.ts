/** Data of a strip while it is drawn: its marks, its time span, and the position of each time. */
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

/** Data of one lane that the strip draws. */
export interface Trace extends MarkLists {
  readonly name: LaneName
  readonly transport: TransportName
  /** Messages that were published and that this lane has not brought yet, oldest first. */
  readonly pending: readonly PendingMessage[]
  /** Half a round trip: the assumed one-way time if it was not measured. */
  readonly halfTripMs: number
  publishedAtMs(message: Message): number
  /**
   * Label with the delay of an arrival; null if the arrival has none. The choice is made once, so that no label
   * flickers.
   */
  labelled(arrival: ArrivalMark): string | null
}

/** Message that the lane has not brought yet, with times on this page's clock. */
export interface PendingMessage {
  readonly publishedAtMs: number
  /** Time at which the message left the server, if the wire has reported it. */
  readonly leftAtMs: number | undefined
}

/** Time span that is shown, with its scale. */
export interface Span {
  readonly width: number
  /** Time at the right edge. */
  readonly endMs: number
  readonly pxPerMs: number
  /** The present, at which every open mark ends. */
  readonly nowMs: number
  /** True if messages are closer than 14 px. Marks then shrink, and most rules are left out. */
  readonly dense: boolean
  /** Times of changed network conditions. */
  readonly bands: readonly Band[]
  /** Times in which the server was absent. The last one ends with null while it continues. */
  readonly absences: readonly Absence[]
  /** Folds, oldest first (`folds`), and the time that they hide before the right edge (`hiddenMs`). */
  readonly folds: readonly Fold[]
  readonly hiddenMs: number
  /** Time at the left edge. */
  readonly fromMs: number
}

/** Folded time span, with the length of the quiet time. */
export interface Fold extends Stretch {
  readonly quietMs: number
}

export interface StripSizes {
  /** Heights of the server's line and the browser's line, as shares of the strip's height. */
  readonly server: number
  readonly browser: number
  readonly edge: number
  readonly bar: number
  /** Height in which bars of waiting messages are stacked. */
  readonly room: number
  readonly carry: number
  readonly dot: number
  /** Size of the labels; 0 leaves them out. */
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
  /** Time at the left edge, and the latest time at which a mark can be drawn. */
  readonly fromMs: number
  readonly untilMs: number
  x(ms: number): number
  /** Exchanges or streams that overlap the span; they ascend in time and do not overlap each other. */
  readonly marks: readonly (ExchangeMark | StreamMark)[]
}

/**
 * Time at which the request reached the server. Without a report of the wire, it is half a round trip after the
 * request, but at most the middle of the exchange.
 */
export function reachedAtMs({ halfTripMs }: Trace, mark: ExchangeMark | StreamMark): number {
  const sentAtMs = sentOf(mark)
  return (
    mark.reachedAtMs ??
    Math.min(sentAtMs + halfTripMs, mark.endedAtMs === null ? Infinity : (sentAtMs + mark.endedAtMs) / 2)
  )
}

/** Time at which the response left the server. */
export function leftAtMs({ halfTripMs }: Trace, exchange: ExchangeMark, endedAtMs: number): number {
  return exchange.leftAtMs ?? Math.max(endedAtMs - halfTripMs, (sentOf(exchange) + endedAtMs) / 2)
}

/** Time at which the head of a stream's response left the server. */
export function headLeftAtMs({ halfTripMs }: Trace, stream: StreamMark, openedAtMs: number): number {
  return stream.leftAtMs ?? Math.max(openedAtMs - halfTripMs, (stream.askedAtMs + openedAtMs) / 2)
}

/** Time at which the browser received or sent the beat. */
export function browserAtMs({ halfTripMs }: Trace, { up, atMs, browserAtMs: knownMs }: BeatMark): number {
  return knownMs ?? atMs + (up ? -halfTripMs : halfTripMs)
}

/** Time at which an arrival left the server; never before it was published. */
export function arrivalLeftAtMs(trace: Trace, arrival: ArrivalMark): number {
  const newest = arrival.messages.at(-1)
  const publishedAtMs = newest ? trace.publishedAtMs(newest) : -Infinity
  return arrival.leftAtMs ?? Math.min(arrival.atMs, Math.max(arrival.atMs - trace.halfTripMs, publishedAtMs))
}

export function isPolling(transport: TransportName): boolean {
  return transports[transport].kind === 'poll'
}

/** Exchanges or streams that overlap a time span. Both lists ascend, and their marks do not overlap each other. */
export function visible(trace: Trace, fromMs: number, untilMs: number): readonly (ExchangeMark | StreamMark)[] {
  const marks = trace.exchanges.length > 0 ? trace.exchanges : trace.streams
  const first = firstAtOrAfter<ExchangeMark | StreamMark>(marks, fromMs, (mark) => mark.endedAtMs ?? Infinity)
  const behind = firstAtOrAfter<ExchangeMark | StreamMark>(marks, untilMs, (mark) => mark.askedAtMs)
  return marks.slice(first, behind)
}

/** Length of a gap's label to the right of the gap, as a time. */
const GAP_SHOWN_MS = 3000

/**
 * Marks in the span, from a list that ascends by `atMs`. Marks just left of the span are included, because some are
 * wide.
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
