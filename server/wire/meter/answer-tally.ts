/** Counts the bytes of one response by their purpose. */
import { now } from '../../now.ts'
import { createFrameTally } from './frame-tally.ts'
import { createHttpReader } from '../http-reader.ts'
import type { HttpPiece } from '../http-reader.ts'
import type { Share } from '../../protocol/wire.ts'
import type { Reading } from '../reading.ts'
import type { Tally } from './tally.ts'

export interface AnswerTally {
  /** Status code of the response; null before its head is complete. */
  readonly status: number | null
  down(bytes: Buffer): void
}

export function createAnswerTally(method: string, reading: Reading, split: Tally['split']): AnswerTally {
  const reader = createHttpReader(method)
  let readBody: ((bytes: Buffer) => Share) | null = null
  const frames = createFrameTally(split, 'framing', (text) => reading.messageDown(text))
  /**
   * Numbers of bytes of the current chunk, by their purpose. If the chunk contains only heartbeats, its framing counts
   * as heartbeats too.
   */
  let chunk = { framing: 0, heartbeats: 0, data: 0 }

  return {
    get status() {
      return reader.status
    },
    down(bytes) {
      for (const piece of reader.read(bytes, now())) {
        if (piece.kind === 'head') split.responseHeads += piece.bytes.length
        else if (piece.kind === 'body') inBody(piece)
        else if (piece.kind !== 'rest') inChunk(piece)
        else if (reader.status === 101) frames(piece.bytes, piece.atMs)
        else split.framing += piece.bytes.length
      }
    },
  }

  function inBody({ bytes }: HttpPiece): number {
    readBody ??= reading.body(reader.status ?? 0)
    const { payload, heartbeats } = readBody(bytes)
    split.payload += payload
    split.heartbeats += heartbeats
    split.framing += bytes.length - payload - heartbeats
    return heartbeats
  }

  function inChunk(piece: HttpPiece): void {
    if (piece.kind === 'chunk-data') {
      chunk.heartbeats += inBody(piece)
      chunk.data += piece.bytes.length
      return
    }
    split.framing += piece.bytes.length
    chunk.framing += piece.bytes.length
    if (piece.kind !== 'chunk-end' || !piece.ends) return
    if (chunk.heartbeats === chunk.data) {
      split.framing -= chunk.framing
      split.heartbeats += chunk.framing
    }
    chunk = { framing: 0, heartbeats: 0, data: 0 }
  }
}
