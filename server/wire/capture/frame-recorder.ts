/** Stores the frames of one direction of a WebSocket as parts, and reports each message and each control frame. */
import type { CrossingKind } from '../../protocol/wire.ts'
import { CONTROL, createFrameReader } from '../frame-reader.ts'
import type { FramePiece } from '../frame-reader.ts'
import { createMessageText } from '../message-text.ts'
import type { ExchangeParts } from './parts.ts'

export interface FrameRecorder {
  read(bytes: Buffer, atMs: number): void
  /** Ends the recording and reports the bytes of an incomplete message or frame. */
  end(): void
}

/** Finds the kind of a message from its text. If the message is an event, also returns the id of the event. */
export type MessageKind = (text: string) => { readonly is: CrossingKind; readonly id?: string }

const CONTROLS: Partial<Record<number, CrossingKind>> = { 8: 'close', 9: 'ping', 10: 'pong' }

export function createFrameRecorder(
  up: boolean,
  parts: ExchangeParts,
  kindOf: MessageKind,
  report: (bytes: number, crossing: ReturnType<MessageKind>) => void,
): FrameRecorder {
  const reader = createFrameReader()
  const defaultKind: CrossingKind = up ? 'message' : 'control'
  /** Text of the current message. */
  const text = createMessageText()
  let messageBytes = 0
  let controlBytes = 0

  return {
    read(bytes, atMs) {
      for (const piece of reader.read(bytes, atMs)) {
        parts.grow({ is: 'frame', up }, piece.bytes, atMs, piece.kind === 'frame-head' ? piece.bytes.length : 0)
        if (piece.ends) parts.end(up)
        if (piece.opcode >= CONTROL) readControl(piece)
        else readMessage(piece)
      }
    },
    end() {
      parts.end(up)
      if (messageBytes + controlBytes > 0) report(messageBytes + controlBytes, { is: defaultKind })
    },
  }

  function readControl({ bytes, opcode, ends }: FramePiece): void {
    controlBytes += bytes.length
    if (!ends) return
    report(controlBytes, { is: CONTROLS[opcode] ?? defaultKind })
    controlBytes = 0
  }

  function readMessage({ bytes, plain, ends, fin }: FramePiece): void {
    messageBytes += bytes.length
    text.add(plain)
    if (!ends || !fin) return
    const whole = text.take()
    report(messageBytes, whole === null ? { is: defaultKind } : kindOf(whole))
    messageBytes = 0
  }
}
