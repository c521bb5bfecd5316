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

const MASKED = 0x80

export function acceptOf(key: string): string {
  const hash = createHash('sha1')
  hash.update(key)
  hash.update(GUID)
  return hash.digest().toString('base64')
}

export function readFrame(bytes: Buffer): Read | null {
  let rest = bytes
  /** The next `count` bytes, or null if they are not there yet. */
  const take = (count: number): Buffer | null => {
    if (rest.length < count) return null
    const taken = rest.subarray(0, count)
    rest = rest.subarray(count)
    return taken
  }

  const head = take(2)
  if (!head) return null
  const [first = 0, second = 0] = head
  const short = second & ~MASKED
  const wide = take(short === 127 ? 8 : short === 126 ? 2 : 0)
  if (!wide) return null
  const size = wide.length === 0 ? short : Number.parseInt(wide.toString('hex'), 16)
  const mask = take(second & MASKED ? 4 : 0)
  const masked = mask && take(size)
  if (!masked) return null
  const payload = Buffer.from(masked)
  for (const [i, byte] of masked.entries()) payload[i] = byte ^ (mask[i % mask.length] ?? 0)
  return { frame: { fin: first > 0x7f, opcode: first & 15, payload }, length: bytes.length - rest.length }
}

export function answerTo({ opcode, payload }: Frame): Buffer | null {
  const answers = new Map([
    [OPCODE.ping, OPCODE.pong],
    [OPCODE.close, OPCODE.close],
  ])
  const answer = answers.get(opcode)
  if (answer === undefined) return null
  const head = Buffer.alloc(2)
  head.writeUInt8(answer + 128, 0)
  head.writeUInt8(payload.length, 1)
  return Buffer.concat([head, payload])
}
