/** Describes a transport for the rest of the server: its kind, its routes, and how to read its bytes. */
import type { Share } from '../protocol/wire.ts'
import type { Transport } from './transport.ts'

export interface ListedTransport extends Transport {
  /** `poll`: each response ends. `stream`: one response that does not end. `socket`: frames in both directions. */
  readonly kind: 'poll' | 'stream' | 'socket'
  /** Routes of the transport, with `:room` in place of the room: `/feed/:room/poll`. */
  readonly paths: readonly string[]
  readonly reading: EventReading
}

/**
 * Distinguishes events and heartbeats from the other bytes. A transport omits a function if it never sends such
 * bytes.
 */
export interface EventReading {
  /**
   * Begins to read the body of a response. Call the returned function with the next bytes, in pieces of any size. It
   * returns how many bytes it has now recognised as events or heartbeats. `onEvent` is called with each complete
   * event, as Latin-1 text.
   */
  body?(onEvent?: (event: string) => void): (bytes: Buffer) => Share
  /** Returns the purpose of a WebSocket message from the server. */
  messageDown?(text: string): 'payload' | 'framing' | 'heartbeats'
  /** Returns the purpose of a WebSocket message from the client. */
  messageUp?(text: string): 'requestBodies' | 'heartbeats'
}

/**
 * Maximum number of bytes that a reading collects of one event. The feed has no longer events, but a student's server
 * can send one.
 */
export const EVENT_BYTES = 64 * 1024
