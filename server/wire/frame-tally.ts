/** Adds the frames of a WebSocket, one way, to a split. */
import { CONTROL, createFrameReader } from './frame-reader.ts'
import type { FramePiece } from './frame-reader.ts'
import { createMessageText } from './message-text.ts'
import type { Tally } from './tally.ts'

type Kind = keyof Tally['split']

const CLOSE = 8

/**
 * A message's payload counts as `before` while it comes and as what `kindOf` says of its text when
 * it is whole; a heartbeat takes its frame heads with it, as ping and pong frames do.
 */
export function createFrameTally(
  split: Tally['split'],
  before: Kind,
  kindOf: (text: string) => Kind,
): (bytes: Buffer, atMs: number) => void {
  const reader = createFrameReader()
  /** Of the message that is being read. */
  const text = createMessageText()
  let heads = 0
  let payload = 0

  return (bytes, atMs) => {
    for (const piece of reader.read(bytes, atMs)) {
      if (piece.opcode >= CONTROL) split[piece.opcode === CLOSE ? 'framing' : 'heartbeats'] += piece.bytes.length
      else ofMessage(piece)
    }
  }

  function ofMessage({ kind, bytes, plain, ends, fin }: FramePiece): void {
    if (kind === 'frame-head') {
      split.framing += bytes.length
      heads += bytes.length
    } else {
      split[before] += bytes.length
      payload += bytes.length
      text.add(plain)
    }
    if (ends && fin) messageEnds()
  }

  function messageEnds(): void {
    const whole = text.take()
    const kind = whole === null ? before : kindOf(whole)
    split[before] -= payload
    split[kind] += payload
    if (kind === 'heartbeats') {
      split.framing -= heads
      split.heartbeats += heads
    }
    heads = 0
    payload = 0
  }
}
