import type { TransportName } from '../protocol.ts'

/**
 * What the bytes of an exchange mean. The wire knows bytes and no message; who knows the messages
 * tells it for each request that names a lane.
 */
export interface Reading {
  readonly lane: string
  readonly transport: TransportName | null
  /** Reads an answer's body, without its chunks, as it goes by. Tells each event's text when it is whole; who does not ask has it for less. */
  body(status: number, event?: (text: string) => void): (bytes: Buffer) => Share
  /** Of an event, by its text. */
  idOf(event: string): string | undefined
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
