/** The parts of the protocol that a WebSocket server needs (RFC 6455): the handshake's accept value, and frames. */
import { createHash } from 'node:crypto'

/** The same text in every WebSocket server (section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const OPCODE = { close: 0x8, ping: 0x9, pong: 0xa }

export interface Frame {
  /** True if it is the last frame of its message. */
  readonly fin: boolean
  readonly opcode: number
  /** The bytes after the mask is removed. */
  readonly payload: Buffer
}

export interface Read {
  readonly frame: Frame
  /** The bytes of the whole frame. The next frame begins after them. */
  readonly length: number
}

/** The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`. */
export function acceptOf(key: string): string {
  // TODO 1: which text must be hashed, and how must the hash be written?
  return createHash('sha1').update(key).digest('hex')
}

/** The first frame in these bytes; null if it is not complete. */
export function readFrame(bytes: Buffer): Read | null {
  // TODO 2: read the two bytes of the head, then the length, the mask and the payload. What if some bytes are missing?
  return null
}

/** The bytes of the frame that a server sends by itself in response; null if it sends none. */
export function answerTo({ opcode, payload }: Frame): Buffer | null {
  // TODO 3: respond to a ping with a pong, and to a close with a close. A server sends frames without a mask.
  return null
}
