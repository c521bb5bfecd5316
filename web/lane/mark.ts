/**
 * Marks of a lane, which the strips draw. All times are on this page's clock.
 *
 * A browser knows when it sent a request and when it received the response. A browser does not know when the server
 * received the request and sent the response. The report of the wire (crossings.ts) adds the server's times a little
 * later. Without a report, the ladder assumes half a round trip for each direction.
 */
import type { Cut } from '../../server/protocol/lab.ts'
import type { Message } from './messages.ts'

/** What the server's end of the connection reports about an exchange. */
export interface Crossed {
  /** The server's number of the exchange. The inspector finds the exchange by this number. */
  readonly exchange: number
  /** Number of the connection; null if the page has missed the report of the request. */
  readonly connection: number | null
  /** True if an earlier request of this page has used the same connection. */
  readonly isReused: boolean
  status: number | null
  bytesUp: number
  bytesDown: number
}

/**
 * Reason why something travelled unusually long. `buffered`: a proxy buffered it. `lost`: a packet was lost and sent
 * again. `behind`: it waited behind other bytes that were held up.
 */
export type Held = 'buffered' | 'lost' | 'behind'

/** A poll, from its request to its response. */
export interface ExchangeMark {
  readonly kind: 'exchange'
  readonly id: number
  readonly askedAtMs: number
  /**
   * Time at which the browser sent the request, if the request first waited for one of the browser's six connections.
   */
  sentAtMs?: number
  reachedAtMs?: number
  leftAtMs?: number
  /** Time at which the response arrived or the attempt failed; null until then. */
  endedAtMs: number | null
  /** Number of messages in the response. */
  carried: number
  /** Reason why the exchange ended without a response. */
  failed?: Failure
  crossed?: Crossed
  heldUp?: Held
  heldDown?: Held
  /** Time since which a black hole has kept the connection silent. */
  silentFromMs?: number
}

/** A stream: a request and its endless response, or a WebSocket. */
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

/**
 * `let go`: the page ended the connection. `cut`: the connection broke after it had opened or while the server held the
 * request. `refused`: the connection never opened.
 */
export type Failure = 'let go' | 'cut' | 'refused'

/** Messages that arrived together, in one response, event or frame. */
export interface ArrivalMark {
  readonly kind: 'arrival'
  readonly id: number
  readonly atMs: number
  leftAtMs?: number
  readonly messages: readonly Message[]
  /** Size of the event or frame. A poll has no size here, because its exchange has it. */
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

/** A heartbeat, ping or pong, or control or closing bytes. A beat carries no message, and a page cannot see it. */
export interface BeatMark {
  readonly kind: 'beat'
  readonly id: number
  readonly is: 'heartbeat' | 'ping' | 'pong' | 'control' | 'close'
  readonly up: boolean
  /** Time at the server. Only the server sees a beat's bytes. */
  readonly atMs: number
  /** Time in the browser, if another mark reveals it. Otherwise the ladder assumes half a round trip. */
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

/** Range of events that the server no longer keeps, as the server told the lane. */
export interface GapMark {
  readonly kind: 'gap'
  readonly id: number
  readonly atMs: number
  readonly first: number
  readonly last: number
}

export type Mark = ExchangeMark | StreamMark | ArrivalMark | SentMark | BeatMark | CutMark | GapMark

/** Lists of a lane's marks, one list for each kind. Each list ascends in time. */
export interface MarkLists {
  readonly exchanges: readonly ExchangeMark[]
  readonly streams: readonly StreamMark[]
  readonly arrivals: readonly ArrivalMark[]
  readonly sent: readonly SentMark[]
  readonly beats: readonly BeatMark[]
  readonly cuts: readonly CutMark[]
  readonly gaps: readonly GapMark[]
}

/** Returns the time at which the request left the browser. */
export function sentOf(mark: ExchangeMark | StreamMark): number {
  return mark.kind === 'exchange' ? (mark.sentAtMs ?? mark.askedAtMs) : mark.askedAtMs
}
