/**
 * What the strips draw of a lane. All times are this page's. A browser knows when it asked and when
 * it had the answer, not when the server did its part: that the wire tells (crossings.ts), a little
 * later. Until then, and where it tells nothing, half a round trip is assumed for each way.
 */
import type { Cut as Way } from '../../server/protocol.ts'
import type { Message } from './messages.ts'

/** What the server's end of the line saw of a request and of all that belongs to it. */
export interface Crossed {
  /** The server's number of it, by which it can be shown. */
  readonly exchange: number
  /** Null where its request was missed. */
  readonly connection: number | null
  /** Another request of this page went over the same connection before. */
  readonly isReused: boolean
  status: number | null
  bytesUp: number
  bytesDown: number
}

/** It took much longer than the way is: in a proxy's buffer, for the resend of what was lost, behind what waited so. */
export type Held = 'buffered' | 'lost' | 'behind'

/** A poll, from the request to its answer. */
export interface Exchange {
  readonly kind: 'exchange'
  readonly id: number
  readonly askedAtMs: number
  /** When the browser let the request go, where it was queued for one of its six connections. */
  sentAtMs?: number
  reachedAtMs?: number
  leftAtMs?: number
  /** When the answer was here, or the attempt was over; null while the request is out. */
  endedAtMs: number | null
  /** How many messages the answer brought. */
  carried: number
  /** How it ended without an answer. */
  failed?: Failure
  crossed?: Crossed
  heldUp?: Held
  heldDown?: Held
  /** Since then nobody says or hears anything on its connection. */
  silentFromMs?: number
}

/** The request and the endless answer of SSE or WebSocket. */
export interface Stream {
  readonly kind: 'stream'
  readonly id: number
  readonly askedAtMs: number
  reachedAtMs?: number
  /** When the answer's head left the server. */
  leftAtMs?: number
  openedAtMs: number | null
  endedAtMs: number | null
  /** When it was over for the server. */
  closedAtMs?: number
  failed?: Failure
  crossed?: Crossed
  heldUp?: Held
  heldDown?: Held
  silentFromMs?: number
}

/** `let go`: the page ended it itself. `cut`: it had been open or held. `refused`: it never was. */
export type Failure = 'let go' | 'cut' | 'refused'

/** What one answer, event or frame brought. */
export interface Arrival {
  readonly kind: 'arrival'
  readonly id: number
  readonly atMs: number
  leftAtMs?: number
  readonly messages: readonly Message[]
  /** Of the event or frame; an answer's are those of its exchange. */
  bytes?: number
  exchange?: number
  held?: Held
}

/** A message that this page published over the lane. */
export interface Sent {
  readonly kind: 'sent'
  readonly id: number
  readonly atMs: number
  reachedAtMs?: number
  bytes?: number
  exchange?: number
}

/** What keeps, opens or ends a connection and brings no message. A browser's page sees none of it. */
export interface Beat {
  readonly kind: 'beat'
  readonly id: number
  readonly is: 'heartbeat' | 'ping' | 'pong' | 'control' | 'close'
  readonly up: boolean
  /** At the server, which alone sees it. */
  readonly atMs: number
  /** In the browser, where something beside it tells; else half a round trip apart. */
  browserAtMs?: number
  readonly bytes: number
  readonly exchange: number
}

export interface Cut {
  readonly kind: 'cut'
  readonly id: number
  readonly atMs: number
  readonly how?: Way
}

/** The server said that these are no longer kept. */
export interface Gap {
  readonly kind: 'gap'
  readonly id: number
  readonly atMs: number
  readonly first: number
  readonly last: number
}

export type Mark = Exchange | Stream | Arrival | Sent | Beat | Cut | Gap

/** Each list ascends in time. */
export interface MarkLists {
  readonly exchanges: readonly Exchange[]
  readonly streams: readonly Stream[]
  readonly arrivals: readonly Arrival[]
  readonly sent: readonly Sent[]
  readonly beats: readonly Beat[]
  readonly cuts: readonly Cut[]
  readonly gaps: readonly Gap[]
}

/** When it left the browser. */
export function sentOf(mark: Exchange | Stream): number {
  return mark.kind === 'exchange' ? (mark.sentAtMs ?? mark.askedAtMs) : mark.askedAtMs
}
