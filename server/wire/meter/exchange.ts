/**
 * Counts the bytes of an exchange: one request and its response, or one WebSocket handshake and all frames after it.
 */
import { now } from '../../now.ts'
import type { Account } from './accounts.ts'
import { createAnswerTally } from './answer-tally.ts'
import { createFrameTally } from './frame-tally.ts'
import type { Reading } from '../reading.ts'
import type { Recording } from '../capture/recording.ts'
import { allEmpty, newTally } from './tally.ts'
import type { Tally } from './tally.ts'

export interface MeteredExchange {
  readonly account: Account
  /** Null if the exchange belongs to no lane. */
  readonly reading: Reading | null
  /**
   * Recording of this exchange; null if no page watches its lane. Under conditions, the recording gets a byte of the
   * response when the server writes the byte, and the tally counts the byte when the kernel takes it.
   */
  readonly recording: Recording | null
  /**
   * Length of the request body that the head gives. Infinity if the head gives no length: for a chunked body and for a
   * WebSocket.
   */
  readonly bodyLength: number
  /** Number of bytes of the request that have arrived after its head. */
  readonly bodyBytes: number
  /** Sets the recording. If the head has already arrived, reports the head to the recording at once. */
  record(recording: Recording | null): void
  head(bytes: number): void
  body(bytes: number): void
  /** Adds bytes that the client has sent after a handshake. */
  framesUp(bytes: Buffer): void
  down(chunk: Buffer | string, encoding: BufferEncoding): void
  /** True if the response is a stream whose further bytes the meter need not parse. */
  readonly isStream: boolean
  /** Adds bytes that the server has sent and the meter has not parsed. */
  addUnread(bytes: number): void
  /** Adds the bytes of an interim response that the server sent before the exchange began. */
  interim(bytes: number): void
  /**
   * Returns the byte counts of the exchange. The caller must not change the returned tally. Only a finished exchange
   * (`isOver`) can count as empty.
   */
  tally(isOver: boolean): Tally
}

/** Opens an exchange of a lane. */
export function openExchange(account: Account, method: string, bodyLength: number, reading: Reading): MeteredExchange {
  let recording: Recording | null = null
  let bodyBytes = 0
  const tally = newTally()
  const { split } = tally
  const answer = createAnswerTally(method, reading, split)
  const frames = createFrameTally(split, 'requestBodies', (text) => reading.messageUp(text))

  return {
    account,
    reading,
    bodyLength,
    get recording() {
      return recording
    },
    get bodyBytes() {
      return bodyBytes
    },
    record(newRecording) {
      recording = newRecording
      if (split.requestHeads > 0) recording?.head(split.requestHeads)
    },
    head(bytes) {
      tally.up += bytes
      split.requestHeads += bytes
      recording?.head(bytes)
    },
    body(bytes) {
      tally.up += bytes
      split.requestBodies += bytes
      bodyBytes += bytes
    },
    framesUp(bytes) {
      tally.up += bytes.length
      frames(bytes, now())
    },
    down(chunk, encoding) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
      tally.down += bytes.length
      answer.down(bytes)
    },
    isStream: false,
    addUnread(bytes) {
      tally.down += bytes
      split.payload += bytes
    },
    interim(bytes) {
      tally.down += bytes
      split.responseHeads += bytes
    },
    tally(isOver) {
      if (isOver && reading.isEmpty(answer.status)) return allEmpty(tally)
      return tally
    },
  }
}
