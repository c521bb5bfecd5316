/** A recording keeps the bytes of one exchange in a watched lane, and reports each crossing. */
import { now } from '../../now.ts'
import type { TransportName } from '../../protocol/feed.ts'
import type { Crossing, CrossingKind, Share } from '../../protocol/wire.ts'
import { createFrameRecorder } from './frame-recorder.ts'
import { createHttpReader } from '../http-reader.ts'
import type { HttpPiece } from '../http-reader.ts'
import { createParts } from './parts.ts'
import type { ExchangeParts } from './parts.ts'
import type { Reading } from '../reading.ts'

export interface Recording {
  readonly exchange: number
  readonly lane: string
  readonly transport: TransportName | null
  readonly connection: number
  readonly requestOfConnection: number
  readonly hasBody: boolean
  readonly parts: ExchangeParts
  readonly isOver: boolean
  /** Adds `bytes` to the size of the request head. Can be called again for later bytes of the same head. */
  head(bytes: number): void
  /** Adds a piece of the request body, without chunk framing. */
  body(bytes: Buffer): void
  /**
   * Reports the complete request. `pendingBytes`: the number of bytes that have arrived after the head. `bodyBytes`:
   * the length of the body that the head gives; Infinity if the head gives no length.
   */
  whole(pendingBytes: number, bodyBytes: number): void
  framesUp(bytes: Buffer): void
  /** Adds bytes of the response that the server has written. */
  down(bytes: Buffer): void
  /** Adds bytes of the response that did not pass through `down`, such as a 100 Continue. */
  interim(bytes: number): void
  /**
   * Ends the exchange. `up` and `down`: the total numbers of bytes of the exchange. `isClosed`: true if the connection
   * has ended too.
   */
  over(up: number, down: number, isClosed: boolean): void
  /** Stops recording and deletes the parts. */
  stop(): void
}

/** Facts about an exchange that are known when its request arrives. */
export interface Begun extends Pick<
  Recording,
  'exchange' | 'lane' | 'transport' | 'connection' | 'requestOfConnection' | 'hasBody'
> {
  readonly method: string
  readonly headText: string
}

type CrossingFacts = Omit<Crossing, 'lane' | 'exchange' | 'at' | 'up' | 'bytes'>

export interface Keeper {
  report(crossing: Crossing): void
  /** Called with each change of the recording's memory use, in bytes. */
  kept(bytes: number): void
  /** Called after the recording has added bytes, so that the keeper can drop parts. */
  grown(): void
}

export function createRecording(begun: Begun, reading: Reading, keeper: Keeper): Recording {
  const { exchange, lane, connection, hasBody } = begun
  const parts = createParts(keeper.kept)
  const reader = createHttpReader(begun.method)
  const framesUp = createFrameRecorder(true, parts, messageUp, (bytes, facts) => report(true, bytes, facts))
  const framesDown = createFrameRecorder(false, parts, messageDown, (bytes, facts) => report(false, bytes, facts))
  const head = parts.put({
    is: 'head',
    up: true,
    atMs: now(),
    bytes: Buffer.from(begun.headText, 'latin1'),
    length: 0,
    isRebuilt: true,
  })
  /** Number of bytes in all reports so far, by direction. */
  const reportedBytes = { up: 0, down: 0 }
  let state: 'waiting' | 'streaming' | 'answered' | 'over' = 'waiting'
  let isRequestReported = false
  /** Number of bytes of the request body that have arrived, without chunk framing. */
  let seenBytes = 0
  /** Number of bytes of the response that the next report will contain. */
  let unreportedBytes = 0
  let readBody: ((bytes: Buffer) => Share) | null = null
  /** Text of the last complete event since the previous report; null if there is none. */
  let event: string | null = null
  let chunk = { data: 0, heartbeats: 0 }
  let isOn = true

  return {
    ...begun,
    parts,
    get isOver() {
      return state === 'over'
    },
    head(bytes) {
      head.length += bytes
      if (isRequestReported) report(true, bytes, { is: 'request', connection })
      else if (!hasBody) reportRequest(0)
      keeper.grown()
    },
    body(bytes) {
      seenBytes += bytes.length
      parts.grow({ is: 'body', up: true, isRebuilt: true }, bytes, now())
      keeper.grown()
    },
    whole(pendingBytes, bodyBytes) {
      // If the head gives no length, the bytes of the chunk framing cannot be distinguished from the next request. The
      // function `over` reports these bytes later.
      reportRequest(Math.min(pendingBytes, bodyBytes === Infinity ? seenBytes : bodyBytes))
      keeper.grown()
    },
    framesUp(bytes) {
      if (isOn) framesUp.read(bytes, now())
      keeper.grown()
    },
    down(bytes) {
      if (!isOn) return
      for (const piece of reader.read(bytes, now())) readPiece(piece)
      keeper.grown()
    },
    interim(bytes) {
      if (bytes > 0) reportUnseen(false, bytes, { is: 'control' })
    },
    over,
    stop() {
      isOn = false
      parts.close()
    },
  }

  function reportRequest(bodyBytes: number): void {
    if (isRequestReported) return
    isRequestReported = true
    const body = parts.list().find(({ is, up }) => is === 'body' && up)
    // The kept bytes of a chunked body contain no chunk framing.
    if (body) body.length = bodyBytes
    parts.end(true)
    if (!body && bodyBytes > 0) parts.put({ is: 'dropped', up: true, atMs: now(), length: bodyBytes })
    report(true, head.length + bodyBytes, { is: 'request', connection })
  }

  function readPiece(piece: HttpPiece): void {
    if (piece.kind === 'rest' && reader.status === 101) return framesDown.read(piece.bytes, piece.atMs)
    unreportedBytes += piece.bytes.length
    if (piece.kind === 'head') readHead(piece)
    else if (piece.kind === 'body' || piece.kind === 'rest') readContent(piece)
    else readChunk(piece)
  }

  function readHead({ bytes, atMs, ends }: HttpPiece): void {
    parts.grow({ is: 'head', up: false }, bytes, atMs)
    if (!ends) return
    parts.end(false)
    const status = reader.status ?? 0
    const { contentBytes } = reader
    if (status < 200 && status !== 101) return reportDown({ is: 'control' })
    readBody = reading.body(status, (text) => (event = text))
    if (contentBytes === Infinity) {
      state = 'streaming'
      reportDown({ is: 'head', status })
    } else if (contentBytes === 0) reportAnswer()
  }

  function readContent({ kind, bytes, atMs, ends }: HttpPiece): void {
    parts.grow({ is: 'body', up: false }, bytes, atMs)
    const share = kind === 'body' && readBody ? readBody(bytes) : null
    if (state === 'waiting' && !ends) return
    parts.end(false)
    if (state === 'waiting') reportAnswer()
    else reportDown({ is: share?.heartbeats === bytes.length ? 'heartbeat' : 'control' })
  }

  function readChunk({ kind, bytes, atMs, ends }: HttpPiece): void {
    parts.grow({ is: 'chunk', up: false }, bytes, atMs, kind === 'chunk-head' ? bytes.length : 0)
    if (kind === 'chunk-data') {
      chunk.data += bytes.length
      chunk.heartbeats += readBody?.(bytes).heartbeats ?? 0
    }
    if (!ends || (kind !== 'chunk-end' && kind !== 'trailer')) return
    parts.end(false)
    reportDown({ is: chunk.data > 0 && chunk.heartbeats === chunk.data ? 'heartbeat' : 'control' })
    chunk = { data: 0, heartbeats: 0 }
  }

  function reportAnswer(): void {
    state = 'answered'
    reportDown({ is: 'answer', status: reader.status ?? 0 })
  }

  /**
   * Reports the bytes of the response since the previous report. If these bytes complete an event, the kind `event`
   * replaces the kind `control`. All other kinds stay unchanged.
   */
  function reportDown(facts: CrossingFacts): void {
    const id = event === null ? undefined : reading.idOf(event)
    const is: CrossingKind = event !== null && facts.is === 'control' ? 'event' : facts.is
    event = null
    const bytes = unreportedBytes
    unreportedBytes = 0
    report(false, bytes, { ...facts, is, ...(id === undefined ? {} : { id }) })
  }

  function messageDown(text: string): { is: CrossingKind; id?: string } {
    const kind = reading.messageDown(text)
    if (kind !== 'payload') return { is: kind === 'heartbeats' ? 'pong' : 'control' }
    const id = reading.idOf(text)
    return { is: 'event', ...(id === undefined ? {} : { id }) }
  }

  function messageUp(text: string): { is: CrossingKind } {
    return { is: reading.messageUp(text) === 'heartbeats' ? 'ping' : 'message' }
  }

  function over(up: number, down: number, isClosed: boolean): void {
    if (!isOn) return
    if (!isRequestReported) reportRequest(up - head.length)
    framesUp.end()
    framesDown.end()
    parts.end(false)
    if (unreportedBytes > 0)
      reportDown(
        state === 'waiting'
          ? { is: 'answer', ...(reader.status === null ? {} : { status: reader.status }) }
          : { is: 'control' },
      )
    const unseen = { up: up - reportedBytes.up, down: down - reportedBytes.down }
    if (unseen.up > 0)
      reportUnseen(true, unseen.up, reader.status === 101 ? { is: 'message' } : { is: 'request', connection })
    if (unseen.down > 0) reportUnseen(false, unseen.down, { is: 'control' })
    const lost = reportedBytes.down - down
    if (isClosed && (state !== 'answered' || lost > 0)) {
      parts.put({ is: 'end', up: false, atMs: now() })
      report(false, 0, { is: 'end', ...(lost > 0 ? { lost } : {}) })
    }
    state = 'over'
    keeper.grown()
  }

  /** Reports bytes that the meter has counted, but that the recording has not got. */
  function reportUnseen(up: boolean, bytes: number, facts: CrossingFacts): void {
    parts.put({ is: 'dropped', up, atMs: now(), length: bytes })
    report(up, bytes, facts)
  }

  function report(up: boolean, bytes: number, facts: CrossingFacts): void {
    reportedBytes[up ? 'up' : 'down'] += bytes
    if (isOn) keeper.report({ lane, exchange, up, at: now(), bytes, ...facts })
  }
}
