/** Keeps the frames of a WebSocket, one way, as parts, and tells of each message and each control frame. */
import type { CrossingKind } from '../protocol.ts'
import { createFrameReader } from './frame-reader.ts'
import type { FramePiece } from './frame-reader.ts'
import type { Parts } from './parts.ts'

export interface FrameRecorder {
  read(bytes: Buffer, atMs: number): void
  /** Nothing follows: tells of what is not whole. */
  end(): void
}

/** What a message is, by its text, and what else is told of it. */
export type MessageKind = (text: string) => { readonly is: CrossingKind; readonly id?: string }

/** From here on opcodes are those of control frames (RFC 6455, section 5.5). */
const CONTROL = 8

const CONTROLS: Partial<Record<number, CrossingKind>> = { 8: 'close', 9: 'ping', 10: 'pong' }

/** No message of the feed is longer. */
const TEXT_BYTES = 64 * 1024

export function createFrameRecorder(
  up: boolean,
  parts: Parts,
  kindOf: MessageKind,
  tell: (bytes: number, what: ReturnType<MessageKind>) => void,
): FrameRecorder {
  const reader = createFrameReader()
  const other: CrossingKind = up ? 'message' : 'control'
  /** Of the message that is being read: it may be in fragments, with control frames between them. */
  let message = { bytes: 0, payload: 0, texts: [] as Buffer[] }
  let controlBytes = 0

  return {
    read(bytes, atMs) {
      for (const piece of reader.read(bytes, atMs)) {
        parts.grow({ is: 'frame', up }, piece.bytes, atMs, piece.kind === 'frame-head' ? piece.bytes.length : 0)
        if (piece.ends) parts.end(up)
        if (piece.opcode >= CONTROL) ofControl(piece)
        else ofMessage(piece)
      }
    },
    end() {
      parts.end(up)
      if (message.bytes + controlBytes > 0) tell(message.bytes + controlBytes, { is: other })
    },
  }

  function ofControl({ bytes, opcode, ends }: FramePiece): void {
    controlBytes += bytes.length
    if (!ends) return
    tell(controlBytes, { is: CONTROLS[opcode] ?? other })
    controlBytes = 0
  }

  function ofMessage({ bytes, plain, ends, fin }: FramePiece): void {
    message.bytes += bytes.length
    message.payload += plain.length
    if (message.payload <= TEXT_BYTES) message.texts.push(plain)
    if (!ends || !fin) return
    const text = message.payload <= TEXT_BYTES ? Buffer.concat(message.texts).toString() : null
    tell(message.bytes, text === null ? { is: other } : kindOf(text))
    message = { bytes: 0, payload: 0, texts: [] }
  }
}
