/**
 * Counts the bytes of an exchange that belongs to no lane. Parses only the heads. All other bytes count as request
 * bodies (up) or as payload (down).
 */
import { now } from '../../now.ts'
import { createHttpReader } from '../http-reader.ts'
import type { HttpReader } from '../http-reader.ts'
import type { Account } from './accounts.ts'
import type { MeteredExchange } from './exchange.ts'
import { newTally } from './tally.ts'
import type { Tally } from './tally.ts'
import { byteLength } from './tap.ts'

/**
 * Each poll without a lane creates an exchange of this class. This code is a class, so that all exchanges share their
 * functions and take little memory: while a thousand polls are held, the garbage collector copies a thousand exchanges.
 */
export class OutsideExchange implements MeteredExchange {
  readonly account: Account
  readonly reading = null
  readonly recording = null
  readonly bodyLength: number
  bodyBytes = 0
  isStream = false
  readonly #method: string
  readonly #tally = newTally()
  #hasHead = false
  /** Reader of a head that arrives in pieces or after an interim response. */
  #reader: HttpReader | null = null

  constructor(account: Account, method: string, bodyLength: number) {
    this.account = account
    this.bodyLength = bodyLength
    this.#method = method
  }

  /** Does nothing, because only exchanges of lanes are recorded. */
  record(): void {}

  head(bytes: number): void {
    this.#tally.up += bytes
    this.#tally.split.requestHeads += bytes
  }

  body(bytes: number): void {
    this.#tally.up += bytes
    this.#tally.split.requestBodies += bytes
    this.bodyBytes += bytes
  }

  framesUp({ length }: Buffer): void {
    this.body(length)
  }

  down(chunk: Buffer | string, encoding: BufferEncoding): void {
    const bytes = byteLength(chunk, encoding)
    const headBytes = this.#hasHead ? 0 : this.#readHead(chunk, encoding)
    this.#tally.down += bytes
    this.#tally.split.responseHeads += headBytes
    this.#tally.split.payload += bytes - headBytes
  }

  addUnread(bytes: number): void {
    this.#tally.down += bytes
    this.#tally.split.payload += bytes
  }

  interim(bytes: number): void {
    this.#tally.down += bytes
    this.#tally.split.responseHeads += bytes
  }

  tally(): Tally {
    return this.#tally
  }

  /** Returns how many bytes at the beginning of the chunk belong to the head. */
  #readHead(chunk: Buffer | string, encoding: BufferEncoding): number {
    if (chunk === whole.chunk && this.#reader === null) {
      this.#hasHead = true
      return whole.headBytes
    }
    const text = typeof chunk === 'string' ? chunk : chunk.toString('latin1', 0, HEAD_BYTES)
    const end = text.indexOf(HEAD_END) + HEAD_END.length
    if (this.#reader !== null || end < HEAD_END.length || INTERIM.test(text))
      return this.#readPieces(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    const head = text.slice(0, end)
    this.#hasHead = true
    this.isStream = SWITCHED.test(head) || CHUNKED.test(head)
    const headBytes = byteLength(head, typeof chunk === 'string' ? encoding : 'latin1')
    if (typeof chunk !== 'string' && !this.isStream) whole = { chunk, headBytes }
    return headBytes
  }

  #readPieces(bytes: Buffer): number {
    this.#reader ??= createHttpReader(this.#method)
    let headBytes = 0
    for (const piece of this.#reader.read(bytes, now())) {
      if (piece.kind === 'head') headBytes += piece.bytes.length
      else this.#hasHead = true
      this.isStream ||= piece.kind === 'chunk-head' || (piece.kind === 'rest' && this.#reader.status === 101)
    }
    return headBytes
  }
}

/**
 * The latest chunk that began with a whole head. The server sends the same chunk to all clients of a repeated poll, and
 * reading the head again would cost more than counting the bytes.
 */
let whole: { readonly chunk: Buffer | null; readonly headBytes: number } = { chunk: null, headBytes: 0 }

const HEAD_END = '\r\n\r\n'

/** Maximum length of a head that is parsed in one step. */
const HEAD_BYTES = 2048

const SWITCHED = /^HTTP\/1\.1 101/
/** Matches the head of an interim response. Another head follows (RFC 9110, section 15.2). */
const INTERIM = /^HTTP\/1\.1 1(?!01)/
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
