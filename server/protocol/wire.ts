/** Types of what the server measures and records below HTTP: bytes per lane, crossings, inspected exchanges. */
import type { Cursor, ServerTimeMs, TransportName } from './feed.ts'

/** Something that crossed the wire in a lane, as the server's end of the line saw it. */
export interface Crossing {
  readonly lane: string
  /** Of the request and all that belongs to it; counts up over all lanes. */
  readonly exchange: number
  readonly is: CrossingKind
  readonly up: boolean
  /** Up: when the server had read all of it. Down: when the server had written all of it. */
  readonly at: ServerTimeMs
  /** All of it, with the chunk or frame that holds it. */
  readonly bytes: number
  /** Of a `request`: the same for those that share a connection. */
  readonly connection?: number
  /** Of a `head` or an `answer`. */
  readonly status?: number
  /** Of the last event in it. */
  readonly id?: Cursor
  /** Of an `end` under conditions: bytes down of this exchange, told of before, that were still under way and never left. */
  readonly lost?: number
}

/**
 * `request`: a head, with its body where it has one, or a handshake. `head`: of an answer that goes
 * on, as a stream's. `answer`: a whole one. `event`: with at least one event in it. `message`: of a
 * WebSocket, up. `control`: down, and none of these (`retry:`, `connected`, `accepted`, a gap).
 * `heartbeat`: an SSE comment, down. `ping` and `pong`: frames, and the feed's own in JSON. `end`:
 * the connection is over, with no byte of its own. Rarely a second `request` follows the first:
 * bytes that turned out later to be its. So the bytes of a lane's crossings, less what was lost,
 * are all that it has used.
 */
export type CrossingKind =
  | 'request'
  | 'head'
  | 'answer'
  | 'event'
  | 'message'
  | 'control'
  | 'heartbeat'
  | 'ping'
  | 'pong'
  | 'close'
  | 'end'

/** An exchange as it crossed the wire, taken apart. Credentials are masked, character by character. */
export interface Inspected {
  readonly exchange: number
  readonly lane: string
  readonly transport: TransportName | null
  readonly connection: number
  /** 1 for the first request of its connection: all others have saved a handshake of TCP's. */
  readonly requestOfConnection: number
  /** In the order in which they crossed. */
  readonly parts: readonly Part[]
  /** How the server's `sec-websocket-accept` follows from the client's key (RFC 6455, section 4.2.2). */
  readonly handshake?: Handshake
}

export interface Handshake {
  readonly key: string
  readonly guid: string
  /** Of the two, one behind the other; in hexadecimal. */
  readonly sha1: string
  /** The same in Base64. */
  readonly accept: string
}

/**
 * `at` as of a crossing. Text is what the bytes say as UTF-8; a head's as Latin-1. Of a request the
 * text is written anew from what Node has read; where its length is not that of what came, `bytes`
 * says how many came.
 */
export type Part =
  | {
      readonly is: 'head'
      readonly up: boolean
      readonly at: ServerTimeMs
      readonly text: string
      readonly bytes?: number
    }
  | {
      readonly is: 'body'
      readonly up: boolean
      readonly at: ServerTimeMs
      readonly text: string
      readonly bytes?: number
    }
  /** `size` is its first line. The line break behind the data, and for the last chunk that of the trailer, is not repeated here. */
  | {
      readonly is: 'chunk'
      readonly up: false
      readonly at: ServerTimeMs
      readonly size: string
      readonly text: string
    }
  | FramePart
  /** So many bytes that crossed here are no longer kept. */
  | { readonly is: 'dropped'; readonly up: boolean; readonly at: ServerTimeMs; readonly bytes: number }
  | { readonly is: 'end'; readonly up: false; readonly at: ServerTimeMs }

/** RFC 6455, section 5.2. */
export interface FramePart {
  readonly is: 'frame'
  readonly up: boolean
  readonly at: ServerTimeMs
  /** The frame's head as it crossed, the mask included; in hexadecimal. */
  readonly head: string
  readonly fin: boolean
  /** 0 to 7: RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv: number
  readonly opcode: number
  /** In hexadecimal; null where it is not masked. */
  readonly mask: string | null
  /** Of the payload. */
  readonly length: number
  /** The payload as it crossed; in hexadecimal. */
  readonly payload: string
  /** The payload without its mask. */
  readonly text: string
}

/**
 * `GET /lab/lanes`: what went over the wire, true at the moment of the request. TCP payload, in bytes.
 * Lanes, `other` and `unclaimed` add up to the bytes of all connections. Within a life no sum of
 * bytes but `unclaimed` falls. Only if thousands of lanes have been used since, a lane is forgotten:
 * its bytes go to `other`, and it counts from 0 again when it is used again.
 */
export interface Lanes {
  /** Names the life of the server that counts: another one has counted from 0. */
  readonly life: string
  readonly lanes: readonly LaneBytes[]
  /**
   * What belongs to no lane. Its split is coarse: what lies behind a head is not looked into and
   * counts as `payload` down and `requestBodies` up.
   */
  readonly other: WireBytes
  /** Belongs to nobody yet, as the part of a request's head that has come. If its connection ends before a request claims it, it goes to `other`. */
  readonly unclaimed: Pick<WireBytes, 'bytesUp' | 'bytesDown'>
}

export interface LaneBytes extends WireBytes {
  readonly lane: string
  /** The one that was last used in the lane; null where it has only published. */
  readonly transport: TransportName | null
}

export interface WireBytes {
  /** Handshakes included. */
  readonly requests: number
  /** Those whose first request was one of these. */
  readonly connections: number
  /** What the server has read. */
  readonly bytesUp: number
  /** What the kernel has taken: what is queued before it is never counted. */
  readonly bytesDown: number
  readonly split: Split
}

/** What the bytes were for. The numbers add up to `bytesUp + bytesDown`. */
export interface Split {
  /** Of requests and handshakes. */
  readonly requestHeads: number
  /** Bodies and WebSocket messages that go up, without their frames. */
  readonly requestBodies: number
  /** The 101 included. */
  readonly responseHeads: number
  /** Chunk sizes, SSE fields, frame heads and masks, the JSON around events, control messages. */
  readonly framing: number
  /** The JSON of each event, and nothing else. */
  readonly payload: number
  /** Polls that brought nothing: request and answer, all of it. */
  readonly empty: number
  /** SSE comments with their chunks, WebSocket pings and pongs with their frames, both ways. */
  readonly heartbeats: number
}

/** Number of bytes in a piece that belong to events and to heartbeats. All other bytes are framing. */
export interface Share {
  readonly payload: number
  readonly heartbeats: number
}
