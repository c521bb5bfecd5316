/**
 * Splits one direction of a WebSocket into pieces of frames (RFC 6455, section 5.2). The pieces,
 * joined, are exactly the bytes that were read.
 */

/** Lowest opcode of a control frame (section 5.5): close, ping or pong. */
export const CONTROL = 8

export interface FramePiece {
  readonly kind: 'frame-head' | 'frame-payload'
  readonly bytes: Buffer
  readonly atMs: number
  readonly opcode: number
  /** True if this frame is the last one of its message. */
  readonly fin: boolean
  /** True if the frame ends with this piece. */
  readonly ends: boolean
  /** Unmasked bytes of the payload; empty in a piece of a frame head. */
  readonly plain: Buffer
}

export interface FrameReader {
  read(bytes: Buffer, atMs: number): FramePiece[]
}

const NONE = Buffer.alloc(0)

export function createFrameReader(): FrameReader {
  /** Head of the current frame, as far as it has arrived. */
  let head = NONE
  /** Payload bytes of the current frame that have not arrived; null while its head is incomplete. */
  let left: number | null = null
  /** Payload bytes that have arrived. The position in the mask depends on this number. */
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
    // The second byte gives the length of the head, so the first two bytes are read first.
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

/** Returns the length of a frame head. Returns 2 if the second byte has not arrived. */
function headLength(head: Buffer): number {
  const short = (head[1] ?? 0) & 0x7f
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (isMasked(head) ? 4 : 0)
}

/** Returns the payload length that a complete frame head gives. */
export function payloadLength(head: Buffer): number {
  const short = (head[1] ?? 0) & 0x7f
  if (short === 126) return head.readUInt16BE(2)
  return short === 127 ? Number(head.readBigUInt64BE(2)) : short
}

export const isMasked = (head: Buffer): boolean => ((head[1] ?? 0) & 0x80) !== 0

/** Removes the mask: each byte is XORed with a byte of the mask, in rotation (section 5.3). */
function unmask(bytes: Buffer, mask: Buffer, offset: number): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length)
  // A loop over an iterator takes twenty times as long, and every byte of a watched lane passes through this loop.
  for (let i = 0; i < bytes.length; i++) plain[i] = (bytes[i] ?? 0) ^ (mask[(offset + i) % 4] ?? 0)
  return plain
}
