/** What is known of a strip while it is drawn: its marks, its stretch of time, and where a moment lies. */
import type { TransportName } from '../../../server/protocol.ts'
import type { LaneName } from '../../state/order.ts'
import type { Away } from '../../state/away.ts'
import { sentOf } from '../../state/mark.ts'
import type { Arrival, Beat, Exchange, MarkLists, Stream } from '../../state/mark.ts'
import type { Message } from '../../state/messages.ts'
import type { Band } from '../../state/network.ts'
import type { Stretch } from '../../state/quiet.ts'
import { firstAtOrAfter } from '../../state/search.ts'
import type { Colours } from '../colours.ts'
import type { Pen } from '../pen.ts'

/** What is drawn of one lane. */
export interface Trace extends MarkLists {
  readonly name: LaneName
  readonly transport: TransportName
  /** Published, and still to be brought by this lane, oldest first. */
  readonly pending: readonly Pending[]
  /** Half a round trip: how long a way is taken to be where nobody measured it. */
  readonly halfTripMs: number
  publishedAtMs(message: Message): number
  /** Which arrivals bear their delay; decided once for each, so that no label flickers. */
  labelled(arrival: Arrival): string | null
}

/** On this page's clock. */
export interface Pending {
  readonly publishedAtMs: number
  /** Where it is known to be on its way. */
  readonly leftAtMs: number | undefined
}

/** The stretch of time that is shown, and where. */
export interface Span {
  readonly width: number
  /** The time at the right edge. */
  readonly endMs: number
  readonly pxPerMs: number
  /** Nothing is known behind it: the end of what is still open. */
  readonly nowMs: number
  /** Messages stand closer than 14 px: marks shrink, and most rules are left out. */
  readonly dense: boolean
  /** When the wire was bent. */
  readonly bands: readonly Band[]
  /** When the server was away; the last one ends with null while it is. */
  readonly aways: Away['stretches']
  /** What of this is not drawn, oldest first; and how much time that takes out before the right edge. */
  readonly folds: readonly Fold[]
  readonly hiddenMs: number
  /** The time at the left edge. */
  readonly fromMs: number
}

/** A stretch that is folded, and how long nothing crossed. */
export interface Fold extends Stretch {
  readonly quietMs: number
}

export interface Sizes {
  /** Where the two lines stand, as shares of the strip's height. */
  readonly server: number
  readonly browser: number
  readonly edge: number
  readonly bar: number
  /** The height in which waiting bars stack. */
  readonly room: number
  readonly carry: number
  readonly dot: number
  /** Of the labels; 0 leaves them out. */
  readonly text: number
}

export interface Strip {
  readonly pen: Pen
  readonly colours: Colours
  readonly span: Span
  readonly sizes: Sizes
  readonly trace: Trace
  readonly colour: string
  readonly top: number
  readonly height: number
  readonly serverY: number
  readonly browserY: number
  /** The time at the left edge, and the last one of which anything can be shown. */
  readonly fromMs: number
  readonly untilMs: number
  x(ms: number): number
  /** All that reaches into the span; they ascend and do not overlap. */
  readonly marks: readonly (Exchange | Stream)[]
}

/** When the request was at the server. Without the server's word: half a round trip later, but before the middle of the exchange. */
export function reachedAtMs({ halfTripMs }: Trace, mark: Exchange | Stream): number {
  const sentAtMs = sentOf(mark)
  return (
    mark.reachedAtMs ??
    Math.min(sentAtMs + halfTripMs, mark.endedAtMs === null ? Infinity : (sentAtMs + mark.endedAtMs) / 2)
  )
}

/** When the answer left the server. */
export function leftAtMs({ halfTripMs }: Trace, exchange: Exchange, endedAtMs: number): number {
  return exchange.leftAtMs ?? Math.max(endedAtMs - halfTripMs, (sentOf(exchange) + endedAtMs) / 2)
}

/** When the head of an endless answer left the server. */
export function headLeftAtMs({ halfTripMs }: Trace, stream: Stream, openedAtMs: number): number {
  return stream.leftAtMs ?? Math.max(openedAtMs - halfTripMs, (stream.askedAtMs + openedAtMs) / 2)
}

/** When the browser had it, or let it go. */
export function browserAtMs({ halfTripMs }: Trace, { up, atMs, browserAtMs: knownMs }: Beat): number {
  return knownMs ?? atMs + (up ? -halfTripMs : halfTripMs)
}

/** When what arrived had left the server: never before it was published. */
export function arrivalLeftAtMs(trace: Trace, arrival: Arrival): number {
  const newest = arrival.messages.at(-1)
  const publishedAtMs = newest ? trace.publishedAtMs(newest) : -Infinity
  return arrival.leftAtMs ?? Math.min(arrival.atMs, Math.max(arrival.atMs - trace.halfTripMs, publishedAtMs))
}

export function isPolling(transport: TransportName): boolean {
  return transport === 'short-poll' || transport === 'long-poll'
}

/** All that reaches into a stretch; both lists ascend, and their marks do not overlap. */
export function visible(trace: Trace, fromMs: number, untilMs: number): readonly (Exchange | Stream)[] {
  const marks = trace.exchanges.length > 0 ? trace.exchanges : trace.streams
  const first = firstAtOrAfter<Exchange | Stream>(marks, fromMs, (mark) => mark.endedAtMs ?? Infinity)
  const behind = firstAtOrAfter<Exchange | Stream>(marks, untilMs, (mark) => mark.askedAtMs)
  return marks.slice(first, behind)
}

/** A gap's label reaches so far to the right of it. */
const GAP_SHOWN_MS = 3000

/** Which marks of a list that ascends by `atMs` lie in the span; those just left of it too, since some have a width. */
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
