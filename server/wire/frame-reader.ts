/**
 * Splits the bytes of one direction of a WebSocket into pieces of frames (RFC 6455, section 5.2). The joined pieces are
 * exactly the bytes that the reader has read.
 */

/** Lowest opcode of a control frame: close, ping or pong (RFC 6455, section 5.5). */
export const CONTROL = 8

export interface FramePiece {
  readonly kind: 'frame-head' | 'frame-payload'
  readonly bytes: Buffer
  readonly atMs: number
  readonly opcode: number
  /** True if this frame is the last frame of its message. */
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
  /** The part of the current frame's head that has arrived. */
  let head = NONE
  /** Number of payload bytes of the current frame that have not arrived; null while the frame's head is incomplete. */
  let left: number | null = null
  /**
   * Number of payload bytes of the current frame that have arrived. This number determines the position in the mask.
   */
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
    // The second byte determines the length of the head, so the loop reads the first two bytes first.
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

/**
 * Removes the mask: XORs each byte with the next of the four bytes of the mask, which repeat (RFC 6455, section 5.3).
 */
function unmask(bytes: Buffer, mask: Buffer, offset: number): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length)
  // Do not use an iterator here: it takes twenty times as long, and every byte of a watched lane passes through this
  // loop.
  for (let i = 0; i < bytes.length; i++) plain[i] = (bytes[i] ?? 0) ^ (mask[(offset + i) % 4] ?? 0)
  return plain
}
