/**
 * Assigns the bytes that a connection receives to exchanges. A byte is unclaimed until the head of its request is
 * complete. After that, the byte belongs to the exchange of this request.
 */
import type { Duplex } from 'node:stream'
import type { MeteredExchange } from './exchange.ts'
import { declaredBody, isWebSocket, readMessages } from '../bend/messages.ts'
import type { Body, HeadListener } from '../bend/messages.ts'
import type { Head } from '../request-head.ts'
import { tapUp } from './tap.ts'

export interface Upstream {
  /** Returns the exchange of a request. Call `begin` when the server has the head of the request. */
  begin(request: RequestLine, bodyLength: number): MeteredExchange
  /**
   * Removes and returns the waiting requests before the request `before`. The server has refused these requests without
   * reporting them.
   */
  refused(before: RequestLine): readonly Waiting[]
  /** Number of bytes that belong to no exchange yet. */
  unclaimed(): number
  /** Returns, in order, the requests that have arrived and that the link has not passed on to the server yet. */
  waiting(): readonly Waiting[]
  /** Returns the number of unclaimed bytes and sets this number to 0. All later bytes stay unclaimed. */
  giveUp(): number
}

/** A request that is still on its way through a link. */
export interface Waiting {
  readonly exchange: MeteredExchange
  readonly method: string
  readonly url: string
  /** Head of the request as it arrived, in Latin-1. */
  readonly text: string
}

export interface Opener {
  /** Opens the exchange of a request. */
  open(request: RequestLine, bodyLength: number): MeteredExchange
}

/** Parts of a request line that identify the lane. */
export type RequestLine = Pick<Head, 'method' | 'url'>

/**
 * Maximum number of waiting requests of a connection, because each waiting request takes memory. The server closes a
 * connection long before the connection reaches this number.
 */
const WAITING = 64

/**
 * Reads the bytes of a connection when they arrive, before a link delays them. The meter therefore knows a request
 * before the server gets it, even if the connection is cut in between. `opener` opens the exchange of a request.
 */
export function readUpstream(source: Duplex, opener: Opener): Upstream {
  return new UpstreamReader(source, opener)
}

/** Every connection has a reader, so the reader is a class: it takes less memory than closures. */
class UpstreamReader implements Upstream, HeadListener {
  readonly #opener: Opener
  readonly #requests = readMessages(this)
  /** Exchange of the latest request; null if it is unknown to which exchange the next bytes belong. */
  #last: MeteredExchange | null = null
  #unclaimed = 0
  /** Null instead of an empty list, because most connections have no waiting request most of the time. */
  #waiting: Waiting[] | null = null
  #isUpgraded = false
  #isGivenUp = false

  constructor(source: Duplex, opener: Opener) {
    this.#opener = opener
    takeFromParser(source)
    tapUp(source, (bytes) => this.#read(bytes))
  }

  begin(request: RequestLine, bodyLength: number): MeteredExchange {
    const [found] = this.#take(this.#placeOf(request), 1)
    return found?.exchange ?? this.#opener.open(request, bodyLength)
  }

  refused(before: RequestLine): readonly Waiting[] {
    return this.#take(0, this.#placeOf(before))
  }

  unclaimed(): number {
    return this.#unclaimed
  }

  waiting(): readonly Waiting[] {
    return this.#waiting ?? NONE
  }

  giveUp(): number {
    const bytes = this.#unclaimed
    this.#unclaimed = 0
    this.#isGivenUp = true
    return bytes
  }

  /**
   * Opens an exchange when the head of a request is complete. The bytes before the head belong to the previous request.
   */
  bodyOf(text: string, bytesAfterHead: number): Body {
    if (this.#last) this.#giveBody(this.#last, this.#unclaimed - bytesAfterHead - text.length)
    this.#last = null
    const [, method, url] = REQUEST.exec(text) ?? []
    if (method === undefined || url === undefined || this.#waiting?.length === WAITING) return 'rest'
    // Search once for all three fields, because most requests have none of these fields.
    const isPlain = !FRAMING.test(text)
    this.#isUpgraded = !isPlain && isWebSocket(text)
    const body = isPlain ? 0 : this.#isUpgraded ? 'rest' : declaredBody(text, 0)
    const exchange = this.#opener.open({ method, url }, typeof body === 'number' ? body : Infinity)
    exchange.head(this.#unclaimed - bytesAfterHead)
    this.#last = exchange
    this.#unclaimed = bytesAfterHead
    this.#waiting ??= []
    this.#waiting.push({ exchange, method, url, text })
    return body
  }

  #read(bytes: Buffer): void {
    this.#unclaimed += bytes.length
    if (this.#isGivenUp) return
    this.#requests.read(bytes)
    if (this.#isUpgraded) return this.#giveFrames(bytes)
    if (this.#requests.isBeyond()) this.#last = null
    if (this.#last) this.#giveBody(this.#last, this.#unclaimed - this.#requests.begunBytes())
  }

  #placeOf(request: RequestLine): number {
    const waiting = this.waiting()
    const at = waiting.findIndex(({ method, url }) => method === request.method && url === request.url)
    return at < 0 ? waiting.length : at
  }

  /** Removes and returns `count` waiting requests. */
  #take(from: number, count: number): readonly Waiting[] {
    const waiting = this.#waiting
    if (!waiting || count === 0) return NONE
    const taken = waiting.splice(from, count)
    if (waiting.length === 0) this.#waiting = null
    return taken
  }

  #giveBody(exchange: MeteredExchange, bytes: number): void {
    exchange.body(bytes)
    this.#unclaimed -= bytes
  }

  #giveFrames(bytes: Buffer): void {
    this.#last?.framesUp(bytes.subarray(bytes.length - this.#unclaimed))
    this.#unclaimed = 0
  }
}

const NONE: readonly Waiting[] = []

/** Matches a field that determines which bytes follow a head. */
const FRAMING = /^(?:upgrade|transfer-encoding|content-length):/im

const REQUEST = /^(\S+) (\S+) HTTP\/1\.[01]\r\n/

/**
 * Makes the socket's bytes pass through its stream. As long as no `data` listener was ever added, Node's HTTP parser
 * reads directly from the socket.
 */
function takeFromParser(source: Duplex): void {
  source.on('data', ignore)
  source.off('data', ignore)
}

function ignore(): void {}
