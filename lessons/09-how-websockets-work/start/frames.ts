/** What a WebSocket server has to know of the protocol (RFC 6455): the answer to a handshake, and frames. */
import { createHash } from 'node:crypto'

/** The same in every WebSocket server there is (section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const OPCODE = { close: 0x8, ping: 0x9, pong: 0xa }

export interface Frame {
  /** Is it the last frame of its message? */
  readonly fin: boolean
  readonly opcode: number
  /** Without a mask. */
  readonly payload: Buffer
}

export interface Read {
  readonly frame: Frame
  /** Of the whole frame, in bytes: the next one begins behind them. */
  readonly length: number
}

/** The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`. */
export function acceptOf(key: string): string {
  // TODO 1: what is hashed, and in which letters is the hash written?
  return createHash('sha1').update(key).digest('hex')
}

/** The first frame in these bytes; null while it is not there to its last byte. */
export function readFrame(bytes: Buffer): Read | null {
  // TODO 2: the two bytes of the head, then the length, the mask, the payload. What if some of it is missing?
  return null
}

/** What a server sends back by itself, as bytes; null where it sends nothing. */
export function answerTo({ opcode, payload }: Frame): Buffer | null {
  // TODO 3: a ping wants its pong, and a close its close. They come from a server: without a mask.
  return null
}
