/** One exchange of a lane that is watched: keeps its bytes, and tells of each thing that crosses. */
import { now } from '../now.ts'
import type { Crossing, CrossingKind, TransportName } from '../protocol.ts'
import { createFrameRecorder } from './frame-recorder.ts'
import { createHttpReader } from './http-reader.ts'
import type { HttpPiece } from './http-reader.ts'
import { createParts } from './parts.ts'
import type { Parts } from './parts.ts'
import type { Reading, Share } from './reading.ts'

export interface Recording {
  readonly exchange: number
  readonly lane: string
  readonly transport: TransportName | null
  readonly connection: number
  readonly requestOfConnection: number
  readonly hasBody: boolean
  readonly parts: Parts
  readonly isOver: boolean
  /** So many bytes were its request's head; again when more turn out to be its. */
  head(bytes: number): void
  /** Some of the request's body, without chunks. */
  body(bytes: Buffer): void
  /** The request is whole. So many bytes have come behind its head; its body was as long as it said, or Infinity where it did not. */
  whole(pendingBytes: number, bodyBytes: number): void
  framesUp(bytes: Buffer): void
  /** These were written now. */
  down(bytes: Buffer): void
  /** So many bytes went down for it that it was not told of. */
  interim(bytes: number): void
  /** It has cost so much in all, or its connection has ended. */
  over(up: number, down: number, isClosed: boolean): void
  /** Nobody watches any more. */
  stop(): void
}

/** What is known when a request has come. */
export interface Begun extends Pick<
  Recording,
  'exchange' | 'lane' | 'transport' | 'connection' | 'requestOfConnection' | 'hasBody'
> {
  readonly method: string
  readonly headText: string
}

type Told = Omit<Crossing, 'lane' | 'exchange' | 'at' | 'up' | 'bytes'>

export interface Keeper {
  tell(crossing: Crossing): void
  /** So many bytes more are kept than before. */
  kept(bytes: number): void
  /** Something has been added: now some of it may be dropped. */
  grown(): void
}

export function createRecording(begun: Begun, reading: Reading, keeper: Keeper): Recording {
  const { exchange, lane, connection, hasBody } = begun
  const parts = createParts(keeper.kept)
  const reader = createHttpReader(begun.method)
  const framesUp = createFrameRecorder(true, parts, messageUp, (bytes, what) => tell(true, bytes, what))
  const framesDown = createFrameRecorder(false, parts, messageDown, (bytes, what) => tell(false, bytes, what))
  const head = parts.put({
    is: 'head',
    up: true,
    atMs: now(),
    bytes: Buffer.from(begun.headText, 'latin1'),
    length: 0,
    isRebuilt: true,
  })
  const told = { up: 0, down: 0 }
  let state: 'waiting' | 'stream' | 'answered' | 'over' = 'waiting'
  let isRequestTold = false
  /** Of the body, without chunks. */
  let seenBytes = 0
  /** Bytes down that belong to what is told of next. */
  let untold = 0
  let readBody: ((bytes: Buffer) => Share) | null = null
  /** The last event that has come to its end since something was told of. */
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
      if (isRequestTold) tell(true, bytes, { is: 'request', connection })
      else if (!hasBody) tellRequest(0)
      keeper.grown()
    },
    body(bytes) {
      seenBytes += bytes.length
      parts.grow({ is: 'body', up: true, isRebuilt: true }, bytes, now())
      keeper.grown()
    },
    whole(pendingBytes, bodyBytes) {
      // Without a length what holds its chunks together cannot be told from a next request: it is told of later.
      tellRequest(Math.min(pendingBytes, bodyBytes === Infinity ? seenBytes : bodyBytes))
      keeper.grown()
    },
    framesUp(bytes) {
      if (isOn) framesUp.read(bytes, now())
      keeper.grown()
    },
    down(bytes) {
      if (!isOn) return
      for (const piece of reader.read(bytes, now())) inAnswer(piece)
      keeper.grown()
    },
    interim(bytes) {
      if (bytes > 0) dropped(false, bytes, { is: 'control' })
    },
    over,
    stop() {
      isOn = false
      parts.close()
    },
  }

  function tellRequest(bodyBytes: number): void {
    if (isRequestTold) return
    isRequestTold = true
    const body = parts.list().find(({ is, up }) => is === 'body' && up)
    // What came in chunks is shown without them.
    if (body) body.length = bodyBytes
    parts.end(true)
    if (!body && bodyBytes > 0) parts.put({ is: 'dropped', up: true, atMs: now(), length: bodyBytes })
    tell(true, head.length + bodyBytes, { is: 'request', connection })
  }

  function inAnswer(piece: HttpPiece): void {
    if (piece.kind === 'rest' && reader.status === 101) return framesDown.read(piece.bytes, piece.atMs)
    untold += piece.bytes.length
    if (piece.kind === 'head') inHead(piece)
    else if (piece.kind === 'body' || piece.kind === 'rest') inBody(piece)
    else inChunk(piece)
  }

  function inHead({ bytes, atMs, ends }: HttpPiece): void {
    parts.grow({ is: 'head', up: false }, bytes, atMs)
    if (!ends) return
    parts.end(false)
    const status = reader.status ?? 0
    const { contentBytes } = reader
    if (status < 200 && status !== 101) return tellDown({ is: 'control' })
    readBody = reading.body(status, (text) => (event = text))
    if (contentBytes === Infinity) {
      state = 'stream'
      tellDown({ is: 'head', status })
    } else if (contentBytes === 0) tellAnswer()
  }

  function inBody({ kind, bytes, atMs, ends }: HttpPiece): void {
    parts.grow({ is: 'body', up: false }, bytes, atMs)
    const share = kind === 'body' && readBody ? readBody(bytes) : null
    if (state === 'waiting' && !ends) return
    parts.end(false)
    if (state === 'waiting') tellAnswer()
    else tellDown({ is: share?.heartbeats === bytes.length ? 'heartbeat' : 'control' })
  }

  function inChunk({ kind, bytes, atMs, ends }: HttpPiece): void {
    parts.grow({ is: 'chunk', up: false }, bytes, atMs, kind === 'chunk-head' ? bytes.length : 0)
    if (kind === 'chunk-data') {
      chunk.data += bytes.length
      chunk.heartbeats += readBody?.(bytes).heartbeats ?? 0
    }
    if (!ends || (kind !== 'chunk-end' && kind !== 'trailer')) return
    parts.end(false)
    tellDown({ is: chunk.data > 0 && chunk.heartbeats === chunk.data ? 'heartbeat' : 'control' })
    chunk = { data: 0, heartbeats: 0 }
  }

  function tellAnswer(): void {
    state = 'answered'
    tellDown({ is: 'answer', status: reader.status ?? 0 })
  }

  /** An event in it makes it one, unless it is more. */
  function tellDown(what: Told): void {
    const id = event === null ? undefined : reading.idOf(event)
    const is: CrossingKind = event !== null && what.is === 'control' ? 'event' : what.is
    event = null
    const bytes = untold
    untold = 0
    tell(false, bytes, { ...what, is, ...(id === undefined ? {} : { id }) })
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
    if (!isRequestTold) tellRequest(up - head.length)
    framesUp.end()
    framesDown.end()
    parts.end(false)
    if (untold > 0)
      tellDown(
        state === 'waiting'
          ? { is: 'answer', ...(reader.status === null ? {} : { status: reader.status }) }
          : { is: 'control' },
      )
    if (up > told.up)
      dropped(true, up - told.up, reader.status === 101 ? { is: 'message' } : { is: 'request', connection })
    if (down > told.down) dropped(false, down - told.down, { is: 'control' })
    const lost = told.down - down
    if (isClosed && (state !== 'answered' || lost > 0)) {
      parts.put({ is: 'end', up: false, atMs: now() })
      tell(false, 0, { is: 'end', ...(lost > 0 ? { lost } : {}) })
    }
    state = 'over'
    keeper.grown()
  }

  /** Bytes that were counted and not seen. */
  function dropped(up: boolean, bytes: number, what: Told): void {
    parts.put({ is: 'dropped', up, atMs: now(), length: bytes })
    tell(up, bytes, what)
  }

  function tell(up: boolean, bytes: number, what: Told): void {
    told[up ? 'up' : 'down'] += bytes
    if (isOn) keeper.tell({ lane, exchange, up, at: now(), bytes, ...what })
  }
}
