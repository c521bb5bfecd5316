/** Builds parts of exchanges from the bytes that crossed. */
import type { FramePart, Inspected, Part } from '../../../server/protocol/wire.ts'

export const AT = 1_795_247_979_573.629

export function inspected(parts: readonly Part[], more: Partial<Inspected> = {}): Inspected {
  return {
    exchange: 7,
    lane: '229262d1.short-poll',
    transport: 'short-poll',
    connection: 3,
    requestOfConnection: 2,
    parts,
    ...more,
  }
}

export function head(up: boolean, ...lines: readonly string[]): Part {
  return { is: 'head', up, at: AT, text: `${lines.join('\r\n')}\r\n\r\n` }
}

export function body(text: string, up = false): Part {
  return { is: 'body', up, at: AT, text }
}

/** A chunk whose size matches its text. */
export function chunk(text: string): Part {
  return { is: 'chunk', up: false, at: AT, size: new TextEncoder().encode(text).length.toString(16), text }
}

/** Parses a frame as RFC 6455, section 5.2, describes it. */
export function frame(hex: string, up = false): FramePart {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const [first = 0, second = 0] = bytes
  const short = second & 0x7f
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0
  const length = extended === 0 ? short : Number(bytes.readUIntBE(2 + Math.max(0, extended - 6), Math.min(6, extended)))
  const maskAt = 2 + extended
  const headLength = maskAt + (second & 0x80 ? 4 : 0)
  const mask = second & 0x80 ? bytes.subarray(maskAt, headLength) : null
  const payload = bytes.subarray(headLength)
  return {
    is: 'frame',
    up,
    at: AT,
    head: bytes.subarray(0, headLength).toString('hex'),
    fin: (first & 0x80) > 0,
    rsv: (first >> 4) & 7,
    opcode: first & 0xf,
    mask: mask?.toString('hex') ?? null,
    length,
    payload: payload.toString('hex'),
    text: Buffer.from(payload.map((byte, i) => byte ^ (mask?.[i % 4] ?? 0))).toString(),
  }
}

/** A frame with a text, as a server sends it. */
export function textFrame(text: string, { opcode = 1, fin = true } = {}): FramePart {
  const bytes = Buffer.from(text)
  const first = (opcode | (fin ? 0x80 : 0)).toString(16).padStart(2, '0')
  const length = bytes.length
  const size =
    length < 126
      ? length.toString(16).padStart(2, '0')
      : length < 65_536
        ? `7e${length.toString(16).padStart(4, '0')}`
        : `7f${length.toString(16).padStart(16, '0')}`
  return frame(`${first}${size}${bytes.toString('hex')}`)
}

/** An event in the JSON of the feed. */
export function event(id: string, user?: string, text?: string): string {
  const type = user === undefined ? 'tick' : 'message'
  return JSON.stringify({ id, room: 'lobby', at: AT - 20, type, ...(user === undefined ? {} : { user, text }) })
}
