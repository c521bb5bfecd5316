/** Describes a transport for the rest of the server: its kind, its routes, and how to read its bytes. */
import type { Share } from '../protocol/wire.ts'
import type { Transport } from './transport.ts'

export interface ListedTransport extends Transport {
  /** `poll`: each response ends. `stream`: one response never ends. `socket`: frames in both directions. */
  readonly kind: 'poll' | 'stream' | 'socket'
  /** Routes of the transport, with `:room` in place of the room: `/feed/:room/poll`. */
  readonly paths: readonly string[]
  readonly reading: EventReading
}

/**
 * Distinguishes events and heartbeats from the other bytes. A transport without response bodies omits `body`. A
 * transport without WebSocket messages omits `messageDown` and `messageUp`.
 */
export interface EventReading {
  /**
   * Begins to read the body of a response. Call the returned function with the next bytes of the body, in pieces of any
   * size. The function returns how many more bytes it has recognised as events or heartbeats, and calls `onEvent` with
   * each complete event, as Latin-1 text.
   */
  body?(onEvent?: (event: string) => void): (bytes: Buffer) => Share
  /** Returns the purpose of a WebSocket message from the server. */
  messageDown?(text: string): 'payload' | 'framing' | 'heartbeats'
  /** Returns the purpose of a WebSocket message from the client. */
  messageUp?(text: string): 'requestBodies' | 'heartbeats'
}

/**
 * Maximum number of bytes that a reading collects of one event. No event of the feed is longer, but a student's server
 * can send a longer event.
 */
export const EVENT_BYTES = 64 * 1024
