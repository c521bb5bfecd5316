/** One request and its answer, or one handshake and all the frames behind it, and what it cost so far. */
import { now } from '../now.ts'
import type { Account } from './accounts.ts'
import { createAnswerTally } from './answer-tally.ts'
import type { AnswerTally } from './answer-tally.ts'
import { createFrameTally } from './frame-tally.ts'
import { createHttpReader } from './http-reader.ts'
import type { Reading } from './reading.ts'
import { add, allEmpty, newTally } from './tally.ts'
import type { Tally } from './tally.ts'

export interface Exchange {
  readonly account: Account
  /** Bytes of the request's body still to come; Infinity where its length is not known before, as that of frames. */
  readonly bodyLeft: number
  /** Does it tell frames apart? */
  readonly readsFrames: boolean
  head(bytes: number): void
  body(bytes: number): void
  /** What the client sends behind a handshake. */
  framesUp(bytes: Buffer): void
  down(chunk: Buffer | string, encoding: BufferEncoding, length: number): void
  /** Bytes that went down before it began, or after it ended, and have no better place. */
  stray(bytes: number, kind: 'responseHeads' | 'framing'): void
  /** What it has cost, with so many more bytes up of which nothing is known. Whether it was empty shows when it is over. */
  tally(isOver: boolean, pendingUp: number): Tally
}

/** Without a reading nothing behind the heads is looked into. */
export function openExchange(account: Account, method: string, bodyBytes: number, reading: Reading | null): Exchange {
  let bodyLeft = bodyBytes
  const tally = newTally()
  const { split } = tally
  const answer = reading === null ? createHeadTally(method, split) : createAnswerTally(method, reading, split)
  const frames = reading === null ? null : createFrameTally(split, 'requestBodies', (text) => reading.messageUp(text))

  return {
    account,
    get bodyLeft() {
      return bodyLeft
    },
    readsFrames: frames !== null,
    head(bytes) {
      tally.up += bytes
      split.requestHeads += bytes
    },
    body(bytes) {
      tally.up += bytes
      split.requestBodies += bytes
      bodyLeft -= bytes
    },
    framesUp(bytes) {
      tally.up += bytes.length
      frames?.(bytes, now())
    },
    down(chunk, encoding, length) {
      tally.down += length
      // Nothing is made of what nobody looks into: a stream without a lane costs two additions a write.
      if (answer.isRead) split.payload += length
      else answer.down(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    },
    stray(bytes, kind) {
      tally.down += bytes
      split[kind] += bytes
    },
    tally(isOver, pendingUp) {
      const whole = newTally()
      add(whole, tally)
      const body = Math.min(pendingUp, bodyLeft)
      whole.up += pendingUp
      whole.split.requestBodies += body
      whole.split.requestHeads += pendingUp - body
      return isOver && reading?.isEmpty(answer.status) ? allEmpty(whole) : whole
    },
  }
}

/** Looks no further than the answer's head. */
function createHeadTally(method: string, split: Tally['split']): AnswerTally {
  const reader = createHttpReader(method)
  let isRead = false
  return {
    get status() {
      return reader.status
    },
    get isRead() {
      return isRead
    },
    down(bytes) {
      for (const {
        kind,
        bytes: { length },
      } of reader.read(bytes, now())) {
        split[kind === 'head' ? 'responseHeads' : 'payload'] += length
        isRead ||= kind !== 'head'
      }
    },
  }
}
