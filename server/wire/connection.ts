/** Says which bytes of a connection belong to which of its exchanges. What goes down does so in the order of the requests. */
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'
import { linkOf } from './link.ts'
import { add } from './tally.ts'
import type { Tally } from './tally.ts'
import { tapLink } from './tap-link.ts'
import { byteLength, tapDown } from './tap.ts'
import { createUpstream } from './upstream.ts'

export interface Connection {
  readonly number: number
  /** That have begun. */
  readonly requests: number
  /**
   * A request has come, with a head of so many bytes when it is written as everybody writes it.
   * `frames` is what came behind the head of a handshake; all that follows it is frames as well.
   */
  begin(exchange: Exchange, headBytes: number, frames?: Buffer): void
  /** All of its request has come. */
  whole(exchange: Exchange): void
  /** The answer is with the socket, to its last byte, and nothing behind it is yet. */
  answered(exchange: Exchange): void
  /** Adds what is not yet in the accounts, true at this moment. */
  addOpen(tallyOf: (exchange: Exchange) => Tally): void
}

interface Place {
  readonly exchange: Exchange
  isAnswered: boolean
}

const NOTHING = { up: 0, down: 0 }

export function meterConnection(socket: Socket, number: number, closed: () => void): Connection {
  /** Those whose answers are still to go down, in order. The last one stays, however long ago it was answered. */
  const places: Place[] = []
  const link = linkOf(socket)
  /** Bytes down behind the last answer, or before any: 100 Continue goes down before its request is told of. */
  let stray = link ? link.sentBytes : socket.bytesWritten - socket.writableLength
  let requests = 0
  const upstream = createUpstream(socket)

  const tap = link ? tapLink(link, { written, sent: sentByLink, adopted }) : tapDown(socket, down)
  socket.once('close', () => {
    passed(tap.take())
    while (places.length > 0) settleFirst(true)
    closed()
  })

  return {
    number,
    get requests() {
      return requests
    },
    begin(exchange, headBytes, frames) {
      passed(tap.take())
      const place: Place = { exchange, isAnswered: false }
      requests += 1
      upstream.begin(exchange, headBytes, places.at(-1)?.exchange, frames)
      exchange.interim(stray)
      exchange.recording?.interim(stray + tap.adopt(place))
      stray = 0
      exchange.account.open += 1
      places.push(place)
      settle()
    },
    whole(exchange) {
      exchange.recording?.whole(upstream.pending(), exchange.bodyLeft)
    },
    answered(exchange) {
      const place = places.find((place) => place.exchange === exchange)
      // The connection broke and took the exchange with it.
      if (!place) return
      passed(tap.take())
      tap.listen()
      place.isAnswered = true
      if (place === places.at(-1)) upstream.answered(exchange)
      settle()
    },
    addOpen(tallyOf) {
      passed(tap.take())
      for (const place of places) add(tallyOf(place.exchange), tally(place))
    },
  }

  function down(chunk: Buffer | string, encoding: BufferEncoding): void {
    const [place] = places
    if (!place || place.isAnswered) {
      stray += byteLength(chunk, encoding)
      return
    }
    place.exchange.recording?.down(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    place.exchange.down(chunk, encoding)
    if (place.exchange.isStream) tap.pass()
  }

  /** Those before it may be answered, and their answers still with the link. */
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

  /** Bytes that went by while there was nothing to look into. */
  function passed(bytes: number): void {
    if (bytes > 0) places[0]?.exchange.pass(bytes)
  }

  /** An exchange is over when it is answered and the next one has begun: until then it may turn out longer. */
  function settle(): void {
    for (let [first, next] = places; first?.isAnswered && next && !tap.holds(first); [first, next] = places)
      settleFirst()
  }

  function settleFirst(isClosed = false): void {
    const [place] = places
    if (!place) return
    const { account, recording } = place.exchange
    const whole = tally(place, true)
    add(account.tally, whole)
    recording?.over(whole.up, whole.down, isClosed)
    account.open -= 1
    places.shift()
  }

  function tally(place: Place, isOver = place.isAnswered): Tally {
    const around = place === places.at(-1) ? { up: upstream.pendingAtAll(), down: stray } : NOTHING
    return place.exchange.tally(isOver, around)
  }
}
