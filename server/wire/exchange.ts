/** One request and its answer, or one handshake and all the frames behind it, and what it cost so far. */
import { now } from '../now.ts'
import type { Account } from './accounts.ts'
import { createAnswerTally } from './answer-tally.ts'
import type { AnswerTally } from './answer-tally.ts'
import { createFrameTally } from './frame-tally.ts'
import { createHttpReader } from './http-reader.ts'
import type { Reading } from './reading.ts'
import type { Recording } from './recording.ts'
import { add, allEmpty, newTally } from './tally.ts'
import type { Tally } from './tally.ts'

export interface Exchange {
  readonly account: Account
  /** Of a lane that somebody watches; what is written it is told of at once, what is counted only when it is sent. */
  readonly recording: Recording | null
  /** Bytes of the request's body still to come; Infinity where its length is not known before, as that of frames. */
  readonly bodyLeft: number
  /** Does it tell frames apart? */
  readonly readsFrames: boolean
  head(bytes: number): void
  body(bytes: number): void
  /** What the client sends behind a handshake. */
  framesUp(bytes: Buffer): void
  down(chunk: Buffer | string, encoding: BufferEncoding): void
  /** Is there nothing to look into in what goes down from here on, piece by piece? */
  readonly isStream: boolean
  /** So much went down that nobody looked into. */
  pass(bytes: number): void
  /** An interim answer that went down before it began. */
  interim(bytes: number): void
  /** What it has cost, with bytes around it that are nobody else's. Whether it was empty shows when it is over. */
  tally(isOver: boolean, around: Around): Tally
}

export interface Around {
  /** Of its body, of a request that is not yet whole, or odd ones. */
  readonly up: number
  /** Behind its answer. */
  readonly down: number
}

/** Without a reading nothing behind the heads is looked into. */
export function openExchange(
  account: Account,
  method: string,
  bodyBytes: number,
  reading: Reading | null,
  recording: Recording | null = null,
): Exchange {
  let bodyLeft = bodyBytes
  const tally = newTally()
  const { split } = tally
  const answer = reading === null ? createHeadTally(method, split) : createAnswerTally(method, reading, split)
  const frames = reading === null ? null : createFrameTally(split, 'requestBodies', (text) => reading.messageUp(text))

  return {
    account,
    recording,
    get bodyLeft() {
      return bodyLeft
    },
    readsFrames: frames !== null,
    head(bytes) {
      tally.up += bytes
      split.requestHeads += bytes
      recording?.head(bytes)
    },
    body(bytes) {
      tally.up += bytes
      split.requestBodies += bytes
      bodyLeft -= bytes
    },
    framesUp(bytes) {
      tally.up += bytes.length
      recording?.framesUp(bytes)
      frames?.(bytes, now())
    },
    down(chunk, encoding) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
      tally.down += bytes.length
      answer.down(bytes)
    },
    get isStream() {
      return answer.isStream
    },
    pass(bytes) {
      tally.down += bytes
      split.payload += bytes
    },
    interim(bytes) {
      tally.down += bytes
      split.responseHeads += bytes
    },
    tally(isOver, { up, down }) {
      const whole = newTally()
      add(whole, tally)
      const body = Math.min(up, bodyLeft)
      whole.up += up
      whole.split.requestBodies += body
      whole.split.requestHeads += up - body
      whole.down += down
      whole.split.framing += down
      return isOver && reading?.isEmpty(answer.status) ? allEmpty(whole) : whole
    },
  }
}

/** Looks no further than the answer's head. */
function createHeadTally(method: string, split: Tally['split']): AnswerTally {
  const reader = createHttpReader(method)
  let isStream = false
  return {
    get status() {
      return reader.status
    },
    get isStream() {
      return isStream
    },
    down(bytes) {
      for (const piece of reader.read(bytes, now())) {
        split[piece.kind === 'head' ? 'responseHeads' : 'payload'] += piece.bytes.length
        isStream ||= piece.kind === 'chunk-head' || (piece.kind === 'rest' && reader.status === 101)
      }
    },
  }
}
