/** Types of the bytes that the server counts and records below HTTP, for each lane and for each exchange. */
import type { Cursor, ServerTimeMs, TransportName } from './feed.ts'

/** A crossing: bytes of one lane that crossed the network together, as the server has read or written them. */
export interface Crossing {
  readonly lane: string
  /**
   * Number of the exchange. An exchange is one request and its response, or one WebSocket handshake and all frames
   * after the handshake. The server numbers the exchanges of all lanes together.
   */
  readonly exchange: number
  readonly is: CrossingKind
  readonly up: boolean
  /** Time at which the server had read the last byte (up) or written the last byte (down). */
  readonly at: ServerTimeMs
  /** Number of bytes in the crossing, including the framing of its chunks or frames. */
  readonly bytes: number
  /** Only for a `request`: number of the connection. All requests on one connection have the same number. */
  readonly connection?: number
  /** Only for a `head` or an `answer`: status code of the response. */
  readonly status?: number
  /** Id of the last event in the crossing. */
  readonly id?: Cursor
  /**
   * Only for an `end`: number of bytes that earlier crossings of this exchange reported as written, but that never left
   * the server. Bytes are lost only under simulated conditions of the network.
   */
  readonly lost?: number
}

/**
 * The kind of a crossing says what crossed the network.
 *
 * - `request`: a request with its body, or a handshake.
 * - `head`: the head of a response whose body follows in later crossings, such as a stream.
 * - `answer`: a complete response.
 * - `event`: bytes that complete at least one event.
 * - `message`: a WebSocket message from the client.
 * - `control`: any other bytes from the server, such as `retry:`, `connected`, `accepted` or a gap.
 * - `heartbeat`: a heartbeat of a stream.
 * - `ping` and `pong`: control frames of a WebSocket, and the feed's own JSON messages with these names.
 * - `close`: a close frame of a WebSocket.
 * - `end`: the end of the connection, without bytes.
 *
 * Rarely, the server assigns further bytes to a request later, and reports them as a second `request` of the exchange.
 * So the bytes of all crossings of a lane, minus the lost bytes, are all bytes that the lane has used.
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

/** The recorded bytes of an exchange, split into parts. A bullet replaces each character of a secret. */
export interface Inspected {
  readonly exchange: number
  readonly lane: string
  readonly transport: TransportName | null
  readonly connection: number
  /** Number of the request among the requests on its connection. Only request 1 had to wait for a TCP handshake. */
  readonly requestOfConnection: number
  /** Parts in the order in which they crossed the network. */
  readonly parts: readonly Part[]
  /** How the server computed `sec-websocket-accept` from the client's key (RFC 6455, section 4.2.2). */
  readonly handshake?: Handshake
}

export interface Handshake {
  readonly key: string
  readonly guid: string
  /** SHA-1 hash in hexadecimal. The hashed text is the key followed by the GUID. */
  readonly sha1: string
  /** The value of `sec-websocket-accept`: the same SHA-1 hash in Base64. */
  readonly accept: string
}

/**
 * A part of an exchange. `at`: as in a crossing. The server decodes the text of a head as Latin-1, and all other text
 * as UTF-8. The server builds the text of a request from what Node has parsed. If the length of this text differs from
 * the number of bytes that arrived, `bytes` is the number of bytes that arrived.
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
  /**
   * One chunk of a chunked response. `size` is the first line of the chunk. `text` does not contain the line break at
   * the end of the chunk.
   */
  | {
      readonly is: 'chunk'
      readonly up: false
      readonly at: ServerTimeMs
      readonly size: string
      readonly text: string
    }
  | FramePart
  /** Stands in place of bytes that crossed the network, but that the server no longer keeps. */
  | { readonly is: 'dropped'; readonly up: boolean; readonly at: ServerTimeMs; readonly bytes: number }
  | { readonly is: 'end'; readonly up: false; readonly at: ServerTimeMs }

/** One frame on a WebSocket (RFC 6455, section 5.2). */
export interface FramePart {
  readonly is: 'frame'
  readonly up: boolean
  readonly at: ServerTimeMs
  /** The bytes of the frame's head, including the mask, in hexadecimal. */
  readonly head: string
  readonly fin: boolean
  /** The three reserved bits as a number from 0 to 7: RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv: number
  readonly opcode: number
  /** The mask in hexadecimal. Null if the frame has no mask. */
  readonly mask: string | null
  /** Length of the payload in bytes. */
  readonly length: number
  /** The payload in hexadecimal, masked if the frame has a mask. */
  readonly payload: string
  /** The payload as text, after the server has removed the mask. */
  readonly text: string
}

/**
 * Response of `GET /lab/lanes`: how many bytes of TCP payload each lane has used up to the moment of the request. The
 * sum of all lanes, `other` and `unclaimed` is the number of bytes of all connections. During one run of the server,
 * only `unclaimed` and the counts of a removed lane can decrease. When clients have used thousands of lanes, the server
 * removes the least recently used lane, and adds the bytes of the removed lane to `other`. If a client uses the removed
 * lane again, the lane's counts begin at 0.
 */
export interface Lanes {
  /** Id of this run of the server. All counts begin at 0 in each run. */
  readonly life: string
  readonly lanes: readonly LaneBytes[]
  /**
   * Bytes that belong to no lane. The server does not parse bytes after a head if they belong to no lane: such bytes
   * count as `payload` if the server sent them, and as `requestBodies` if the client sent them.
   */
  readonly other: WireBytes
  /**
   * Bytes that belong to no exchange yet, such as an incomplete head of a request. If a connection with unclaimed bytes
   * ends, the server adds these bytes to `other`.
   */
  readonly unclaimed: Pick<WireBytes, 'bytesUp' | 'bytesDown'>
}

export interface LaneBytes extends WireBytes {
  readonly lane: string
  /** The transport with which a client last read in this lane. Null if clients have only published in this lane. */
  readonly transport: TransportName | null
}

export interface WireBytes {
  /** Number of requests, including WebSocket handshakes. */
  readonly requests: number
  /** Number of connections whose first request was counted in `requests`. */
  readonly connections: number
  /** Number of bytes that the server has read. */
  readonly bytesUp: number
  /** Number of bytes that the server has written to the kernel, without the bytes that wait in the process. */
  readonly bytesDown: number
  readonly split: Split
}

/** How many bytes served each purpose. The sum of all purposes is `bytesUp + bytesDown`. */
export interface Split {
  /** Heads of requests, including the requests of WebSocket handshakes. */
  readonly requestHeads: number
  /** Bodies of requests, and payloads of WebSocket messages from the client. */
  readonly requestBodies: number
  /** Heads of responses, including the responses 101 of WebSocket handshakes. */
  readonly responseHeads: number
  /** Chunk sizes, SSE fields, frame heads and masks, the JSON around events, and control messages. */
  readonly framing: number
  /** The JSON of events, and no other bytes. */
  readonly payload: number
  /** All bytes of each poll whose response contains no event: the request and the response. */
  readonly empty: number
  /** Heartbeats in both directions, with their framing: SSE comments, and WebSocket pings and pongs. */
  readonly heartbeats: number
}

/** How many bytes of a piece belong to events, and how many to heartbeats. All other bytes of the piece are framing. */
export interface Share {
  readonly payload: number
  readonly heartbeats: number
}
