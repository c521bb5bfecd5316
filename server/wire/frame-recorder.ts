/** Keeps the frames of a WebSocket, one way, as parts, and tells of each message and each control frame. */
import type { CrossingKind } from '../protocol.ts'
import { CONTROL, createFrameReader } from './frame-reader.ts'
import type { FramePiece } from './frame-reader.ts'
import { createMessageText } from './message-text.ts'
import type { Parts } from './parts.ts'

export interface FrameRecorder {
  read(bytes: Buffer, atMs: number): void
  /** Nothing follows: tells of what is not whole. */
  end(): void
}

/** What a message is, by its text, and what else is told of it. */
export type MessageKind = (text: string) => { readonly is: CrossingKind; readonly id?: string }

const CONTROLS: Partial<Record<number, CrossingKind>> = { 8: 'close', 9: 'ping', 10: 'pong' }

export function createFrameRecorder(
  up: boolean,
  parts: Parts,
  kindOf: MessageKind,
  tell: (bytes: number, what: ReturnType<MessageKind>) => void,
): FrameRecorder {
  const reader = createFrameReader()
  const other: CrossingKind = up ? 'message' : 'control'
  /** Of the message that is being read. */
  const text = createMessageText()
  let messageBytes = 0
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
      if (messageBytes + controlBytes > 0) tell(messageBytes + controlBytes, { is: other })
    },
  }

  function ofControl({ bytes, opcode, ends }: FramePiece): void {
    controlBytes += bytes.length
    if (!ends) return
    tell(controlBytes, { is: CONTROLS[opcode] ?? other })
    controlBytes = 0
  }

  function ofMessage({ bytes, plain, ends, fin }: FramePiece): void {
    messageBytes += bytes.length
    text.add(plain)
    if (!ends || !fin) return
    const whole = text.take()
    tell(messageBytes, whole === null ? { is: other } : kindOf(whole))
    messageBytes = 0
  }
}
