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
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

/** The first frame in these bytes; null while it is not there to its last byte. */
export function readFrame(bytes: Buffer): Read | null {
  if (bytes.length < 2) return null
  const [first = 0, second = 0] = bytes
  const isMasked = (second & 0x80) !== 0
  const short = second & 0x7f
  // 126 and 127 are no lengths: they tell how wide the length is that follows.
  const maskAt = short === 126 ? 4 : short === 127 ? 10 : 2
  const payloadAt = maskAt + (isMasked ? 4 : 0)
  if (bytes.length < payloadAt) return null
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  const length = payloadAt + size
  if (bytes.length < length) return null
  const mask = bytes.subarray(maskAt, payloadAt)
  const payload = bytes.subarray(payloadAt, length)
  for (const [i, byte] of payload.entries()) payload[i] = byte ^ (mask[i % 4] ?? 0)
  return { frame: { fin: (first & 0x80) !== 0, opcode: first & 0x0f, payload }, length }
}

/** What a server sends back by itself, as bytes; null where it sends nothing. */
export function answerTo({ opcode, payload }: Frame): Buffer | null {
  if (opcode === OPCODE.ping) return controlFrame(OPCODE.pong, payload)
  // The status alone: who closes knows its own reason.
  if (opcode === OPCODE.close) return controlFrame(OPCODE.close, payload.subarray(0, 2))
  return null
}

const controlFrame = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload])
