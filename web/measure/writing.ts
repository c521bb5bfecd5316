/** Models what it costs that clients write messages: by POST, or as frames of a WebSocket. */

/** Bytes in both directions of one message that a client writes. */
export interface WritingSizes {
  /** Request and response of a POST. */
  readonly post: number
  /** The frame with the message, and the frame that confirms it. */
  readonly socket: number
}

/** Returns the messages that each client writes in a second: all clients together write what each of them receives. */
export const writesPerSecond = ({ rate, clients }: { readonly rate: number; readonly clients: number }): number =>
  rate / clients

/** Returns the bytes of a text frame (RFC 6455, section 5.2). A frame of a client has a mask of 4 bytes. */
export function frameBytes(payload: number, isMasked: boolean): number {
  const head = payload < 126 ? 2 : payload < 65_536 ? 4 : 10
  return head + (isMasked ? 4 : 0) + payload
}
