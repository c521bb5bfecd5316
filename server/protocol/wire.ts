/** Types of what the server measures and records below HTTP: bytes of each lane, crossings, and inspected exchanges. */
import type { Cursor, ServerTimeMs, TransportName } from './feed.ts'

/** Crossing: bytes of a lane that crossed the network together, as seen at the server's end of the connection. */
export interface Crossing {
  readonly lane: string
  /**
   * Number of the exchange: a request and everything that belongs to it. The exchanges of all lanes are counted
   * together.
   */
  readonly exchange: number
  readonly is: CrossingKind
  readonly up: boolean
  /** Time at which the server had read the last byte (up) or written the last byte (down). */
  readonly at: ServerTimeMs
  /** Number of bytes, including the framing of the chunk or frame. */
  readonly bytes: number
  /** Only for a `request`: number of its connection. Requests that share a connection have the same number. */
  readonly connection?: number
  /** Only for a `head` or an `answer`: status code of the response. */
  readonly status?: number
  /** Id of the last event in the crossing. */
  readonly id?: Cursor
  /**
   * Only for an `end` under conditions: number of bytes that earlier crossings of this exchange reported as written,
   * but that never left the server.
   */
  readonly lost?: number
}

/**
 * Kind of a crossing.
 *
 * - `request`: a request with its body, or a handshake.
 * - `head`: the head of a response that continues, such as a stream.
 * - `answer`: a complete response.
 * - `event`: bytes that complete at least one event.
 * - `message`: a WebSocket message from the client.
 * - `control`: any other bytes from the server, such as `retry:`, `connected`, `accepted` or a gap.
 * - `heartbeat`: a heartbeat of a stream.
 * - `ping` and `pong`: control frames of a WebSocket, and the feed's own JSON messages with these names.
 * - `close`: a close frame of a WebSocket.
 * - `end`: the end of the connection, without bytes.
 *
 * Rarely, an exchange has a second `request`, with bytes that were assigned to the request later. So the sum of the
 * bytes of a lane's crossings, minus the lost bytes, is the number of bytes that the lane has used.
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

/** Exchange as it crossed the network, split into parts. Each character of a secret is replaced by a bullet. */
export interface Inspected {
  readonly exchange: number
  readonly lane: string
  readonly transport: TransportName | null
  readonly connection: number
  /** Number of the request on its connection. Only request 1 needed a TCP handshake. */
  readonly requestOfConnection: number
  /** Parts in the order in which they crossed the network. */
  readonly parts: readonly Part[]
  /** Computation of the server's `sec-websocket-accept` from the client's key (RFC 6455, section 4.2.2). */
  readonly handshake?: Handshake
}

export interface Handshake {
  readonly key: string
  readonly guid: string
  /** SHA-1 of the key followed by the GUID, in hexadecimal. */
  readonly sha1: string
  /** The same SHA-1 in Base64. */
  readonly accept: string
}

/**
 * Part of an exchange. `at`: as in a crossing. Text is decoded as UTF-8; the text of a head as Latin-1. The text of a
 * request is rebuilt from the fields that Node has parsed. If its length differs from the number of bytes that
 * arrived, `bytes` is that number.
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
   * `size` is the first line of the chunk. The line break after the data, or after the trailer of the last chunk, is
   * left out.
   */
  | {
      readonly is: 'chunk'
      readonly up: false
      readonly at: ServerTimeMs
      readonly size: string
      readonly text: string
    }
  | FramePart
  /** Bytes that crossed the network here and are no longer kept. */
  | { readonly is: 'dropped'; readonly up: boolean; readonly at: ServerTimeMs; readonly bytes: number }
  | { readonly is: 'end'; readonly up: false; readonly at: ServerTimeMs }

/** Frame of a WebSocket (RFC 6455, section 5.2). */
export interface FramePart {
  readonly is: 'frame'
  readonly up: boolean
  readonly at: ServerTimeMs
  /** Head of the frame as it crossed the network, including the mask, in hexadecimal. */
  readonly head: string
  readonly fin: boolean
  /** Reserved bits as a number from 0 to 7: RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv: number
  readonly opcode: number
  /** Mask in hexadecimal; null if the frame is not masked. */
  readonly mask: string | null
  /** Length of the payload in bytes. */
  readonly length: number
  /** Payload as it crossed the network, in hexadecimal. */
  readonly payload: string
  /** Payload without its mask, as text. */
  readonly text: string
}

/**
 * Response of `GET /lab/lanes`: bytes of TCP payload, counted up to the moment of the request. The sum of all lanes,
 * `other` and `unclaimed` is the number of bytes of all connections. Within a life, only `unclaimed` can decrease.
 * There is one exception: when thousands of lanes have been used, the least recently used lane is removed. Its bytes
 * are added to `other`, and it counts from 0 when it is used again.
 */
export interface Lanes {
  /** Id of the server's life. The counts begin at 0 in each life. */
  readonly life: string
  readonly lanes: readonly LaneBytes[]
  /**
   * Bytes that belong to no lane. Their split is coarse: bytes after a head are not parsed. They count as `payload`
   * (down) or as `requestBodies` (up).
   */
  readonly other: WireBytes
  /**
   * Bytes that belong to no exchange yet, such as an incomplete head of a request. If the connection ends before they
   * belong to an exchange, they are added to `other`.
   */
  readonly unclaimed: Pick<WireBytes, 'bytesUp' | 'bytesDown'>
}

export interface LaneBytes extends WireBytes {
  readonly lane: string
  /** Transport that was last used in the lane; null if the lane has only published. */
  readonly transport: TransportName | null
}

export interface WireBytes {
  /** Number of requests, including handshakes. */
  readonly requests: number
  /** Number of connections whose first request is one of these requests. */
  readonly connections: number
  /** Bytes that the server has read. */
  readonly bytesUp: number
  /** Bytes that the kernel has taken. Queued bytes are not counted. */
  readonly bytesDown: number
  readonly split: Split
}

/** Bytes by their purpose. The sum is `bytesUp + bytesDown`. */
export interface Split {
  /** Heads of requests and handshakes. */
  readonly requestHeads: number
  /** Bodies of requests, and WebSocket messages from the client without their frame heads. */
  readonly requestBodies: number
  /** Heads of responses, including the 101. */
  readonly responseHeads: number
  /** Chunk sizes, SSE fields, frame heads and masks, the JSON around events, control messages. */
  readonly framing: number
  /** JSON of the events, and nothing else. */
  readonly payload: number
  /** Polls that brought no event: all bytes of the request and the response. */
  readonly empty: number
  /** Heartbeats in both directions: SSE comments with their chunks, and WebSocket pings and pongs with their frames. */
  readonly heartbeats: number
}

/** Number of bytes in a piece that belong to events and to heartbeats. All other bytes are framing. */
export interface Share {
  readonly payload: number
  readonly heartbeats: number
}
