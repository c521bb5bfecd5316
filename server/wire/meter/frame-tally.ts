/** Counts the bytes of a WebSocket's frames in one direction, by their purpose. */
import { CONTROL, createFrameReader } from '../frame-reader.ts'
import type { FramePiece } from '../frame-reader.ts'
import { createMessageText } from '../message-text.ts'
import type { Tally } from './tally.ts'

type Kind = keyof Tally['split']

const CLOSE = 8

/**
 * Returns a function that counts the bytes of frames in `split`. The payload of an incomplete message counts as
 * `before`. When a message is complete, its payload counts as the kind that `kindOf` returns for the text of the
 * message. The frame heads of a heartbeat message count as heartbeats too. Ping and pong frames also count as
 * heartbeats.
 */
export function createFrameTally(
  split: Tally['split'],
  before: Kind,
  kindOf: (text: string) => Kind,
): (bytes: Buffer, atMs: number) => void {
  const reader = createFrameReader()
  /** Text of the message that is being read. */
  const text = createMessageText()
  let heads = 0
  let payload = 0

  return (bytes, atMs) => {
    for (const piece of reader.read(bytes, atMs)) {
      if (piece.opcode >= CONTROL) split[piece.opcode === CLOSE ? 'framing' : 'heartbeats'] += piece.bytes.length
      else countMessage(piece)
    }
  }

  function countMessage({ kind, bytes, plain, ends, fin }: FramePiece): void {
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
