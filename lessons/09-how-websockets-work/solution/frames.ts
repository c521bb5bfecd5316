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
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

/** The first frame in these bytes; null if it is not complete. */
export function readFrame(bytes: Buffer): Read | null {
  if (bytes.length < 2) return null
  const first = bytes.readUInt8(0)
  const second = bytes.readUInt8(1)
  const isMasked = (second & 0x80) !== 0
  const short = second & 0x7f
  // 126 and 127 are not lengths. They say that the length follows, in two or in eight bytes.
  const maskAt = short === 126 ? 4 : short === 127 ? 10 : 2
  const payloadAt = maskAt + (isMasked ? 4 : 0)
  if (bytes.length < payloadAt) return null
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  const length = payloadAt + size
  if (bytes.length < length) return null
  const mask = bytes.subarray(maskAt, payloadAt)
  const payload = bytes.subarray(payloadAt, length).map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return { frame: { fin: (first & 0x80) !== 0, opcode: first & 0x0f, payload: Buffer.from(payload) }, length }
}

/** The bytes of the frame that a server sends by itself in response; null if it sends none. */
export function answerTo({ opcode, payload }: Frame): Buffer | null {
  if (opcode === OPCODE.ping) return controlFrame(OPCODE.pong, payload)
  // Repeats only the status, because the side that closes knows its own reason.
  if (opcode === OPCODE.close) return controlFrame(OPCODE.close, payload.subarray(0, 2))
  return null
}

const controlFrame = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload])
