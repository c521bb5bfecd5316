/** The parts of the protocol that a WebSocket server needs (RFC 6455): the handshake's accept value, and frames. */
import { hash } from 'node:crypto'

/** The same text in every WebSocket server (section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

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
export const acceptOf = (key: string): string => hash('sha1', `${key}${GUID}`, 'base64')

/** The first frame in these bytes; null if it is not complete. */
export function readFrame(bytes: Buffer): Read | null {
  try {
    return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (error) {
    // A byte after the end is not there yet.
    if (error instanceof RangeError) return null
    throw error
  }
}

function read(view: DataView): Read {
  const first = view.getUint8(0)
  let at = 2
  let size = view.getUint8(1) % 128
  if (size === 126) {
    size = view.getUint16(2)
    at = 4
  } else if (size === 127) {
    size = view.getUint32(2) * 2 ** 32 + view.getUint32(6)
    at = 10
  }
  const maskAt = view.getUint8(1) >= 128 ? at : null
  if (maskAt !== null) at += 4
  if (at + size > view.byteLength) throw new RangeError('The payload is not there yet.')
  const payload = Buffer.alloc(size)
  for (let i = 0; i < size; i++) {
    const byte = view.getUint8(at + i)
    payload[i] = maskAt === null ? byte : byte ^ view.getUint8(maskAt + (i & 3))
  }
  return { frame: { fin: first >= 128, opcode: first % 16, payload }, length: at + size }
}

/** The bytes of the frame that a server sends by itself in response; null if it sends none. */
export function answerTo(frame: Frame): Buffer | null {
  const { opcode, payload } = frame
  switch (opcode) {
    case 8:
      return Buffer.from([0x88, 0x00])
    case 9:
      return Buffer.of(0x8a, payload.byteLength, ...payload)
    default:
      return null
  }
}
