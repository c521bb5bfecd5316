/** A transport as `index.ts` lists it: with everything that the rest of the server has to know about it. */
import type { Share } from '../protocol/wire.ts'
import type { Transport } from './transport.ts'

export interface ListedTransport extends Transport {
  /** `poll`: each response ends. `stream`: one response that does not end. `socket`: frames in both directions. */
  readonly kind: 'poll' | 'stream' | 'socket'
  /** Routes that it serves, with `:room` for the room: `/feed/:room/poll`. */
  readonly paths: readonly string[]
  readonly reading: EventReading
}

/** Tells events and heartbeats from the bytes around them. A transport leaves out a function for bytes that it never sends. */
export interface EventReading {
  /**
   * Begins to read the body of a response. The returned function takes the next bytes, however they are
   * split, and returns how many are known now to be events or heartbeats. `onEvent` is called with the
   * text of each event, its bytes as Latin-1, when it is complete.
   */
  body?(onEvent?: (event: string) => void): (bytes: Buffer) => Share
  /** Purpose of a WebSocket message from the server. */
  messageDown?(text: string): 'payload' | 'framing' | 'heartbeats'
  /** Purpose of a WebSocket message from the client. */
  messageUp?(text: string): 'requestBodies' | 'heartbeats'
}

/** Most bytes of an event that a reading collects. The feed has no longer events; a student's server may. */
export const EVENT_BYTES = 64 * 1024
