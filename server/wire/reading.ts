import type { TransportName } from '../protocol/feed.ts'
import type { Share } from '../protocol/wire.ts'

/**
 * Interprets the bytes of an exchange as messages. The wire itself knows only bytes. For each request that names a
 * lane, the lab gives the wire a reading.
 */
export interface Reading {
  readonly lane: string
  readonly transport: TransportName | null
  /**
   * Returns a function that counts the bytes of a response body by their purpose. The body has no chunk framing. The
   * function calls `event` with the text of each complete event. If `event` is omitted, the function is faster.
   */
  body(status: number, event?: (text: string) => void): (bytes: Buffer) => Share
  /** Reads the id of an event from its text. */
  idOf(event: string): string | undefined
  /** Classifies a WebSocket message from the server. */
  messageDown(text: string): 'payload' | 'framing' | 'heartbeats'
  /** Classifies a WebSocket message from the client. */
  messageUp(text: string): 'requestBodies' | 'heartbeats'
  /**
   * Returns true if the finished exchange brought no event. `status` is null if the client left before it got a
   * response.
   */
  isEmpty(status: number | null): boolean
}
