/** Reads the frames of a WebSocket, either way (RFC 6455, section 5.2), in pieces that together are the very bytes that went in. */

/** From here on opcodes are those of control frames (section 5.5): close, ping, pong. */
export const CONTROL = 8

export interface FramePiece {
  readonly kind: 'frame-head' | 'frame-payload'
  readonly bytes: Buffer
  readonly atMs: number
  readonly opcode: number
  /** Is it the last frame of its message? */
  readonly fin: boolean
  /** Does the frame end here? */
  readonly ends: boolean
  /** The payload's bytes without their mask; none in a head. */
  readonly plain: Buffer
}

export interface FrameReader {
  read(bytes: Buffer, atMs: number): FramePiece[]
}

const NONE = Buffer.alloc(0)

export function createFrameReader(): FrameReader {
  /** Of the frame that is being read, as far as it has come. */
  let head = NONE
  /** Bytes of payload still to come; null while the head is not complete. */
  let left: number | null = null
  /** Bytes of payload that have come: the mask goes on from there. */
  let offset = 0

  return {
    read(bytes, atMs) {
      const pieces: FramePiece[] = []
      for (let rest = bytes; rest.length > 0;) {
        const piece = left === null ? readHead(rest) : readPayload(rest, left)
        const first = head[0] ?? 0
        const ends = left === 0
        pieces.push({ ...piece, atMs, opcode: first & 0x0f, fin: (first & 0x80) !== 0, ends })
        rest = rest.subarray(piece.bytes.length)
        if (ends) begin()
      }
      return pieces
    },
  }

  function begin(): void {
    head = NONE
    left = null
    offset = 0
  }

  function readHead(bytes: Buffer): Pick<FramePiece, 'kind' | 'bytes' | 'plain'> {
    const before = head.length
    // How long a head is stands in its second byte, so the first two are read alone.
    for (const wanted of [2, 14]) {
      const missing = Math.min(wanted, headLength(head)) - head.length
      const from = head.length - before
      if (missing > 0) head = Buffer.concat([head, bytes.subarray(from, from + missing)])
    }
    if (head.length >= headLength(head)) left = payloadLength(head)
    return { kind: 'frame-head', bytes: bytes.subarray(0, head.length - before), plain: NONE }
  }

  function readPayload(bytes: Buffer, length: number): Pick<FramePiece, 'kind' | 'bytes' | 'plain'> {
    const raw = bytes.subarray(0, length)
    const plain = isMasked(head) ? unmask(raw, head.subarray(-4), offset) : raw
    offset += raw.length
    left = length - raw.length
    return { kind: 'frame-payload', bytes: raw, plain }
  }
}

/** At least 2: less is known only when that much has come. */
function headLength(head: Buffer): number {
  const short = (head[1] ?? 0) & 0x7f
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (isMasked(head) ? 4 : 0)
}

/** As its head, which has to be whole, says. */
export function payloadLength(head: Buffer): number {
  const short = (head[1] ?? 0) & 0x7f
  if (short === 126) return head.readUInt16BE(2)
  return short === 127 ? Number(head.readBigUInt64BE(2)) : short
}

export const isMasked = (head: Buffer): boolean => ((head[1] ?? 0) & 0x80) !== 0

/** Section 5.3: each byte is combined with the mask's, in turn. */
function unmask(bytes: Buffer, mask: Buffer, offset: number): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length)
  for (const [i, byte] of bytes.entries()) plain[i] = byte ^ (mask[(offset + i) % 4] ?? 0)
  return plain
}
