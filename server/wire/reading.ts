import type { TransportName } from '../protocol.ts'

/**
 * What the bytes of an exchange mean. The wire knows bytes and no message; who knows the messages
 * tells it for each request that names a lane.
 */
export interface Reading {
  readonly lane: string
  readonly transport: TransportName | null
  /** Reads an answer's body, without its chunks, as it goes by. */
  body(status: number): (bytes: Buffer) => Share
  /** What a WebSocket message that went down was for. */
  messageDown(text: string): 'payload' | 'framing' | 'heartbeats'
  /** What a WebSocket message that came up was for. */
  messageUp(text: string): 'requestBodies' | 'heartbeats'
  /** Did the exchange, now over, bring nothing? The status is null where the client left before the answer. */
  isEmpty(status: number | null): boolean
}

/** How many of some bytes are events and how many heartbeats; the others are what holds them together. */
export interface Share {
  readonly payload: number
  readonly heartbeats: number
}
