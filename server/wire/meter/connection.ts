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
import { byteLength, tapDown, tapUp } from './tap.ts'
import type { Upstream } from './upstream.ts'

export interface MeteredConnection {
  /**
   * Opens the exchange of a request. Call `begin` when the server has the head of the request. `frames`: the bytes that
   * arrived after the head of a WebSocket handshake; all later bytes from the client are frames too. `hasBody`: true if
   * the caller will report the pieces of the body to the recording and then call `whole`.
   */
  begin(request: Head, bodyLength: number, frames: Buffer | undefined, hasBody: boolean): MeteredExchange
  /** Notes that the server has received the whole request. */
  whole(exchange: MeteredExchange): void
  /** Notes that the socket has got the last byte of this response, but no byte of the next response yet. */
  answered(exchange: MeteredExchange): void
  /** Notes that the unclaimed bytes of this connection will never belong to a request. */
  giveUp(): void
  /**
   * Adds the bytes of each open exchange to the tally that `tallyOf` returns. Returns how many bytes of the connection
   * belong to no exchange.
   */
  addOpen(tallyOf: (exchange: MeteredExchange) => Tally): Unclaimed
}

export interface Unclaimed {
  readonly up: number
  readonly down: number
}

export interface ConnectionEnds {
  readonly upstream: Upstream
  /**
   * Begins the recording of an exchange. `requests`: the number of earlier requests on this connection. Returns null if
   * no page watches the lane.
   */
  record(exchange: MeteredExchange, request: Head, hasBody: boolean, requests: number): Recording | null
  /** Called with the number of bytes that will never belong to an exchange. */
  abandoned(bytes: Unclaimed): void
  closed(): void
}

interface Place {
  readonly exchange: MeteredExchange
  isAnswered: boolean
}

export function meterConnection(
  socket: Socket,
  { upstream, record, abandoned, closed }: ConnectionEnds,
): MeteredConnection {
  /**
   * Exchanges whose responses the server still has to send, in order. After its response, the last exchange stays in
   * this list until the next exchange begins.
   */
  const places: Place[] = []
  const link = linkOf(socket)
  /** Number of sent bytes outside a response. For example, Node sends a 100 Continue before it reports the request. */
  let stray = link ? link.sentBytes : socket.bytesWritten - socket.writableLength
  /** Number of requests that the server has received. */
  let requests = 0
  let isGivenUp = false

  const tap = link ? tapLink(link, { written, sent: sentByLink, adopted }) : tapDown(socket, down)
  socket.once('close', () => {
    addUnread(tap.takeUnread())
    // The waiting requests never reached the server: the link was cut before, or the firewall answered the first of
    // these requests.
    for (const { exchange, text } of upstream.waiting()) take(exchange, parseHead(text), false)
    abandon()
    while (places.length > 0) settleFirst(true)
    closed()
  })

  return {
    begin(request, bodyLength, frames, hasBody) {
      addUnread(tap.takeUnread())
      for (const { exchange, text } of upstream.refused(request))
        take(exchange, parseHead(text), false).isAnswered = true
      const exchange = upstream.begin(request, bodyLength)
      take(exchange, request, hasBody)
      const { recording } = exchange
      if (frames && recording) {
        recording.framesUp(frames)
        tapUp(socket, recording.framesUp)
      }
      settle()
      return exchange
    },
    whole(exchange) {
      exchange.recording?.whole(exchange.bodyBytes, exchange.bodyLength)
    },
    answered(exchange) {
      const place = places.find((place) => place.exchange === exchange)
      // If the connection has ended, the listener for `close` has already settled the exchange.
      if (!place) return
      addUnread(tap.takeUnread())
      tap.report()
      place.isAnswered = true
      settle()
    },
    giveUp() {
      isGivenUp = true
      abandon()
    },
    addOpen(tallyOf) {
      addUnread(tap.takeUnread())
      if (isGivenUp) abandon()
      for (const { exchange, isAnswered } of places) add(tallyOf(exchange), exchange.tally(isAnswered))
      for (const { exchange } of upstream.waiting()) add(tallyOf(exchange), exchange.tally(false))
      return { up: upstream.unclaimed(), down: stray }
    },
  }

  /** Appends the exchange to `places`. The exchange gets the stray bytes that the server sent before it. */
  function take(exchange: MeteredExchange, request: Head, hasBody: boolean): Place {
    const place: Place = { exchange, isAnswered: false }
    exchange.record(record(exchange, request, hasBody, requests))
    requests += 1
    exchange.interim(stray)
    exchange.recording?.interim(stray + tap.adopt(place))
    stray = 0
    places.push(place)
    return place
  }

  function abandon(): void {
    abandoned({ up: upstream.giveUp(), down: stray })
    stray = 0
  }

  function down(chunk: Buffer | string, encoding: BufferEncoding): void {
    const [place] = places
    if (!place || place.isAnswered) {
      stray += byteLength(chunk, encoding)
      return
    }
    place.exchange.recording?.down(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    place.exchange.down(chunk, encoding)
    if (place.exchange.isStream) tap.countOnly()
  }

  /**
   * Returns the place of the exchange to which written bytes belong. The link may still hold bytes of earlier
   * responses.
   */
  function written(bytes: Buffer): Place | null {
    const place = places.find(({ isAnswered }) => !isAnswered) ?? null
    place?.exchange.recording?.down(bytes)
    return place
  }

  function sentByLink(place: Place | null, bytes: Buffer): void {
    if (place) place.exchange.down(bytes, 'latin1')
    else stray += bytes.length
    settle()
  }

  function adopted({ exchange }: Place, bytes: number): void {
    exchange.interim(bytes)
  }

  /** Adds bytes that the server has sent and the meter has not parsed. */
  function addUnread(bytes: number): void {
    if (bytes > 0) places[0]?.exchange.addUnread(bytes)
  }

  /**
   * Settles every answered exchange that another exchange follows. The last exchange stays open, because further bytes
   * may belong to it.
   */
  function settle(): void {
    for (let [first, next] = places; first?.isAnswered && next && !tap.holds(first); [first, next] = places)
      settleFirst()
  }

  function settleFirst(isClosed = false): void {
    const [place] = places
    if (!place) return
    const { account, recording } = place.exchange
    const whole = place.exchange.tally(true)
    add(account.tally, whole)
    recording?.over(whole.up, whole.down, isClosed)
    account.open -= 1
    places.shift()
  }
}
