/**
 * Marks that the strips draw for a lane. All times are on this page's clock.
 *
 * A browser knows when it sent a request and when it received the response, but not when the server did its part. The
 * report of the wire (crossings.ts) adds those times a little later. Without a report, each direction is drawn as
 * half a round trip.
 */
import type { Cut } from '../../server/protocol/lab.ts'
import type { Message } from './messages.ts'

/** Facts that the server's end of the connection reports about an exchange. */
export interface Crossed {
  /** The server's number of the exchange, which the inspector uses to show it. */
  readonly exchange: number
  /** Number of the connection; null if the report of the request was missed. */
  readonly connection: number | null
  /** True if an earlier request of this page used the same connection. */
  readonly isReused: boolean
  status: number | null
  bytesUp: number
  bytesDown: number
}

/**
 * Reason for an unusually long time on the way: a proxy's buffer, the resend of a lost packet, or waiting behind
 * bytes that were held up.
 */
export type Held = 'buffered' | 'lost' | 'behind'

/** A poll, from the request to its response. */
export interface ExchangeMark {
  readonly kind: 'exchange'
  readonly id: number
  readonly askedAtMs: number
  /** Time at which the browser sent the request, if it was queued for one of the browser's six connections. */
  sentAtMs?: number
  reachedAtMs?: number
  leftAtMs?: number
  /** Time at which the response arrived or the attempt failed; null while the request is under way. */
  endedAtMs: number | null
  /** Number of messages in the response. */
  carried: number
  /** Reason why the exchange ended without a response. */
  failed?: Failure
  crossed?: Crossed
  heldUp?: Held
  heldDown?: Held
  /** Time since which the connection has been silent, because of a black hole. */
  silentFromMs?: number
}

/** The request and the endless response of SSE, or a WebSocket. */
export interface StreamMark {
  readonly kind: 'stream'
  readonly id: number
  readonly askedAtMs: number
  reachedAtMs?: number
  /** Time at which the response head left the server. */
  leftAtMs?: number
  openedAtMs: number | null
  endedAtMs: number | null
  /** Time at which the stream ended at the server. */
  closedAtMs?: number
  failed?: Failure
  crossed?: Crossed
  heldUp?: Held
  heldDown?: Held
  silentFromMs?: number
}

/** `let go`: the page ended it. `cut`: it broke after it was open or held. `refused`: it never opened. */
export type Failure = 'let go' | 'cut' | 'refused'

/** Messages of one response, event or frame. */
export interface ArrivalMark {
  readonly kind: 'arrival'
  readonly id: number
  readonly atMs: number
  leftAtMs?: number
  readonly messages: readonly Message[]
  /** Size of the event or frame. For a poll, the exchange has the size instead. */
  bytes?: number
  exchange?: number
  held?: Held
}

/** A message that this page published over the lane. */
export interface SentMark {
  readonly kind: 'sent'
  readonly id: number
  readonly atMs: number
  reachedAtMs?: number
  bytes?: number
  exchange?: number
}

/** Heartbeat, ping, pong, control or closing bytes. They carry no message, and a page cannot see them. */
export interface BeatMark {
  readonly kind: 'beat'
  readonly id: number
  readonly is: 'heartbeat' | 'ping' | 'pong' | 'control' | 'close'
  readonly up: boolean
  /** Time at the server, which is the only side that sees it. */
  readonly atMs: number
  /** Time in the browser, if another mark reveals it; otherwise half a round trip is assumed. */
  browserAtMs?: number
  readonly bytes: number
  readonly exchange: number
}

export interface CutMark {
  readonly kind: 'cut'
  readonly id: number
  readonly atMs: number
  readonly how?: Cut
}

/** Range of events that the server announced as no longer kept. */
export interface GapMark {
  readonly kind: 'gap'
  readonly id: number
  readonly atMs: number
  readonly first: number
  readonly last: number
}

export type Mark = ExchangeMark | StreamMark | ArrivalMark | SentMark | BeatMark | CutMark | GapMark

/** Marks of a lane by kind. Each list ascends in time. */
export interface MarkLists {
  readonly exchanges: readonly ExchangeMark[]
  readonly streams: readonly StreamMark[]
  readonly arrivals: readonly ArrivalMark[]
  readonly sent: readonly SentMark[]
  readonly beats: readonly BeatMark[]
  readonly cuts: readonly CutMark[]
  readonly gaps: readonly GapMark[]
}

/** Time at which the request left the browser. */
export function sentOf(mark: ExchangeMark | StreamMark): number {
  return mark.kind === 'exchange' ? (mark.sentAtMs ?? mark.askedAtMs) : mark.askedAtMs
}
