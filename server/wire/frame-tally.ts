/** Adds the frames of a WebSocket, one way, to a split. */
import { createFrameReader } from './frame-reader.ts'
import type { FramePiece } from './frame-reader.ts'
import type { Tally } from './tally.ts'

type Kind = keyof Tally['split']

/** From here on opcodes are those of control frames (RFC 6455, section 5.5): close, ping, pong. */
const CONTROL = 8

const CLOSE = 8

/** No message of the feed is longer; the text of one that is would only fill the memory. */
const TEXT_BYTES = 64 * 1024

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
  /** Of the message that is being read: it may be in fragments, with control frames between them. */
  let heads = 0
  let payload = 0
  let texts: Buffer[] = []

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
      if (payload <= TEXT_BYTES) texts.push(plain)
    }
    if (ends && fin) messageEnds()
  }

  function messageEnds(): void {
    const kind = payload > TEXT_BYTES ? before : kindOf(Buffer.concat(texts).toString())
    split[before] -= payload
    split[kind] += payload
    if (kind === 'heartbeats') {
      split.framing -= heads
      split.heartbeats += heads
    }
    heads = 0
    payload = 0
    texts = []
  }
}
