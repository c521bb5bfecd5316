/** Frames of WebSocket (RFC 6455, section 5). */
import { randomBytes } from 'node:crypto'

export interface Frame {
  readonly opcode: number
  readonly isLast: boolean
  readonly payload: Buffer
}

export const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const

/** Returns the bytes of a frame from a client, which must be masked. */
export function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.allocUnsafe(2 + extended + 4 + length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) frame.writeUInt16BE(length, 2)
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  const mask = randomBytes(4)
  const start = 2 + extended
  mask.copy(frame, start)
  for (let i = 0; i < length; i++) frame[start + 4 + i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0)
  return frame
}

/** Returns a function that takes bytes from a server, however they are split, and calls `take` with each frame. */
export function createFrameReader(take: (frame: Frame) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)

  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (;;) {
      const [first = 0, second = 0] = rest
      if ((second & 0x80) !== 0) throw new Error('the server sent a frame with a mask, which only clients may do')
      const extended = second < 126 ? 0 : second === 126 ? 2 : 8
      const start = 2 + extended
      if (rest.length < start) return
      const length = extended === 0 ? second : extended === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2))
      if (rest.length < start + length) return
      const payload = rest.subarray(start, start + length)
      rest = rest.subarray(start + length)
      take({ opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload })
    }
  }
}
