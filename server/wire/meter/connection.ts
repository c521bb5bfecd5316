/** Assigns the bytes of a connection to its exchanges. The server sends the responses in the order of the requests. */
import type { Socket } from 'node:net'
import type { MeteredExchange } from './exchange.ts'
import { linkOf } from '../bend/link.ts'
import type { Recording } from '../capture/recording.ts'
import { parseHead } from '../request-head.ts'
import type { Head } from '../request-head.ts'
import { add } from './tally.ts'
import type { Tally } from './tally.ts'
import { tapLink } from './tap-link.ts'
import type { DownEnd } from './tap-link.ts'
import { byteLength, tapDown, tapUp } from './tap.ts'
import type { DownListener, DownTap } from './tap.ts'
import { readUpstream } from './upstream.ts'
import type { Opener, RequestLine, Upstream } from './upstream.ts'

export interface Unclaimed {
  readonly up: number
  readonly down: number
}

/** The part of the meter that its connections share. */
export interface ConnectionBook {
  /** Opens an exchange of a request on this connection. */
  open(connection: MeteredConnection, request: RequestLine, bodyLength: number): MeteredExchange
  /** Begins the recording of an exchange. Returns null if no page watches the lane. */
  record(connection: MeteredConnection, exchange: MeteredExchange, request: Head, hasBody: boolean): Recording | null
  /** Called with the number of bytes of this connection that will never belong to an exchange. */
  abandoned(connection: MeteredConnection, bytes: Unclaimed): void
  closed(connection: MeteredConnection): void
}

interface Place {
  readonly exchange: MeteredExchange
  isAnswered: boolean
}

/** A class instead of closures, because a server has thousands of idle connections, and each takes this memory. */
export class MeteredConnection implements Opener, DownListener, DownEnd<Place> {
  readonly socket: Socket
  /** Number of this connection in the meter; 0 until the connection has an exchange or abandoned bytes. */
  number = 0
  /** Number of requests that the server has received. */
  requests = 0
  readonly #book: ConnectionBook
  readonly #upstream: Upstream
  readonly #tap: DownTap<Place>
  /**
   * Exchanges whose responses the server still has to send, in order. After its response, the last exchange stays in
   * this list until the next exchange begins.
   */
  readonly #places: Place[] = []
  /** Number of sent bytes outside a response. For example, Node sends a 100 Continue before it reports the request. */
  #stray: number
  #isGivenUp = false
  #handedOver: MeteredExchange | null = null

  /** `source`: the kernel's socket, which receives the bytes first. */
  constructor(socket: Socket, source: Socket, book: ConnectionBook) {
    const link = linkOf(socket)
    this.socket = socket
    this.#book = book
    this.#upstream = readUpstream(source, this)
    this.#stray = link ? link.sentBytes : socket.bytesWritten - socket.writableLength
    this.#tap = link ? tapLink(link, this) : tapDown(socket, this)
    socket.on('close', () => this.#close())
  }

  /**
   * Opens the exchange of a request. Call `begin` when the server has the head of the request. `frames`: the bytes that
   * arrived after the head of a WebSocket handshake; all later bytes from the client are frames too. `hasBody`: true if
   * the caller will report the pieces of the body to the recording and then call `whole`.
   */
  begin(request: Head, bodyLength: number, frames: Buffer | undefined, hasBody: boolean): MeteredExchange {
    const known = this.#handedOver
    this.#handedOver = null
    if (known) return known
    this.#addUnread()
    for (const { exchange, text } of this.#upstream.refused(request))
      this.#take(exchange, parseHead(text), false).isAnswered = true
    const exchange = this.#upstream.begin(request, bodyLength)
    this.#take(exchange, request, hasBody)
    const { recording } = exchange
    if (frames && recording) {
      recording.framesUp(frames)
      tapUp(this.socket, recording.framesUp)
    }
    this.#settle()
    return exchange
  }

  /** Notes that the next call of `begin` is for the request of this exchange, which is already open. */
  handOver(exchange: MeteredExchange): void {
    this.#handedOver = exchange
  }

  /** Notes that the server has received the whole request. */
  whole(exchange: MeteredExchange): void {
    exchange.recording?.whole(exchange.bodyBytes, exchange.bodyLength)
  }

  /** Notes that the socket has got the last byte of this response, but no byte of the next response yet. */
  answered(exchange: MeteredExchange): void {
    const place = this.#places.find((place) => place.exchange === exchange)
    // If the connection has ended, the listener for `close` has already settled the exchange.
    if (!place) return
    this.#addUnread()
    this.#tap.report()
    place.isAnswered = true
    this.#settle()
  }

  /** Notes that the unclaimed bytes of this connection will never belong to a request. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#abandon()
  }

  /**
   * Adds the bytes of each open exchange to the tally that `tallyOf` returns. Returns how many bytes of the connection
   * belong to no exchange.
   */
  addOpen(tallyOf: (exchange: MeteredExchange) => Tally): Unclaimed {
    this.#addUnread()
    if (this.#isGivenUp) this.#abandon()
    for (const { exchange, isAnswered } of this.#places) add(tallyOf(exchange), exchange.tally(isAnswered))
    for (const { exchange } of this.#upstream.waiting()) add(tallyOf(exchange), exchange.tally(false))
    return { up: this.#upstream.unclaimed(), down: this.#stray }
  }

  open(request: RequestLine, bodyLength: number): MeteredExchange {
    return this.#book.open(this, request, bodyLength)
  }

  down(chunk: Buffer | string, encoding: BufferEncoding): void {
    const [place] = this.#places
    if (!place || place.isAnswered) {
      this.#stray += byteLength(chunk, encoding)
      return
    }
    place.exchange.recording?.down(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    place.exchange.down(chunk, encoding)
    if (place.exchange.isStream) this.#tap.countOnly()
  }

  /**
   * Returns the place of the exchange to which written bytes belong. The link may still hold bytes of earlier
   * responses.
   */
  written(bytes: Buffer): Place | null {
    const place = this.#places.find(({ isAnswered }) => !isAnswered) ?? null
    place?.exchange.recording?.down(bytes)
    return place
  }

  sent(place: Place | null, bytes: Buffer): void {
    if (place) place.exchange.down(bytes, 'latin1')
    else this.#stray += bytes.length
    this.#settle()
  }

  adopted({ exchange }: Place, bytes: number): void {
    exchange.interim(bytes)
  }

  #close(): void {
    this.#addUnread()
    // The waiting requests never reached the server: the link was cut before, or the firewall answered the first of
    // these requests.
    for (const { exchange, text } of this.#upstream.waiting()) this.#take(exchange, parseHead(text), false)
    this.#abandon()
    while (this.#places.length > 0) this.#settleFirst(true)
    this.#book.closed(this)
  }

  /** Appends the exchange to the places. The exchange gets the stray bytes that the server sent before it. */
  #take(exchange: MeteredExchange, request: Head, hasBody: boolean): Place {
    const place: Place = { exchange, isAnswered: false }
    exchange.record(this.#book.record(this, exchange, request, hasBody))
    this.requests += 1
    exchange.interim(this.#stray)
    exchange.recording?.interim(this.#stray + this.#tap.adopt(place))
    this.#stray = 0
    this.#places.push(place)
    return place
  }

  #abandon(): void {
    this.#book.abandoned(this, { up: this.#upstream.giveUp(), down: this.#stray })
    this.#stray = 0
  }

  /** Adds bytes that the server has sent and the meter has not parsed. */
  #addUnread(): void {
    const bytes = this.#tap.takeUnread()
    if (bytes > 0) this.#places[0]?.exchange.addUnread(bytes)
  }

  /**
   * Settles every answered exchange that another exchange follows. The last exchange stays open, because further bytes
   * may belong to it.
   */
  #settle(): void {
    for (
      let [first, next] = this.#places;
      first?.isAnswered && next && !this.#tap.holds(first);
      [first, next] = this.#places
    )
      this.#settleFirst()
  }

  #settleFirst(isClosed = false): void {
    const [place] = this.#places
    if (!place) return
    const { account, recording } = place.exchange
    const whole = place.exchange.tally(true)
    add(account.tally, whole)
    recording?.over(whole.up, whole.down, isClosed)
    account.open -= 1
    this.#places.shift()
  }
}
