/** Says which bytes of a connection belong to which of its exchanges. What goes down does so in the order of the requests. */
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'
import { add } from './tally.ts'
import type { Tally } from './tally.ts'
import { byteLength, tapDown } from './tap.ts'
import { createUpstream } from './upstream.ts'

export interface Connection {
  /**
   * A request has come, with a head of so many bytes when it is written as everybody writes it.
   * `frames` is what came behind the head of a handshake; all that follows it is frames as well.
   */
  begin(exchange: Exchange, headBytes: number, frames?: Buffer): void
  /** The answer is with the kernel, to its last byte, and nothing behind it is yet with the socket. */
  answered(exchange: Exchange): void
  /** Adds what is not yet in the accounts, true at this moment. */
  addOpen(tallyOf: (exchange: Exchange) => Tally): void
}

interface Place {
  readonly exchange: Exchange
  isAnswered: boolean
}

const NOTHING = { up: 0, down: 0 }

export function meterConnection(socket: Socket, closed: () => void): Connection {
  /** Those whose answers are still to go down, in order. The last one stays, however long ago it was answered. */
  const places: Place[] = []
  /** Bytes down behind the last answer, or before any: 100 Continue goes down before its request is told of. */
  let stray = socket.bytesWritten - socket.writableLength
  const upstream = createUpstream(socket)

  const tap = tapDown(socket, down)
  socket.once('close', () => {
    passed(tap.take())
    while (places.length > 0) settleFirst()
    closed()
  })

  return {
    begin(exchange, headBytes, frames) {
      passed(tap.take())
      upstream.begin(exchange, headBytes, places.at(-1)?.exchange, frames)
      exchange.interim(stray)
      stray = 0
      exchange.account.open += 1
      places.push({ exchange, isAnswered: false })
      settle()
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
    const [first] = places
    if (!first || first.isAnswered) {
      stray += byteLength(chunk, encoding)
      return
    }
    first.exchange.down(chunk, encoding)
    if (first.exchange.isStream) tap.pass()
  }

  /** Bytes that went by while there was nothing to look into. */
  function passed(bytes: number): void {
    if (bytes > 0) places[0]?.exchange.pass(bytes)
  }

  /** An exchange is over when it is answered and the next one has begun: until then it may turn out longer. */
  function settle(): void {
    while (places.length > 1 && places[0]?.isAnswered) settleFirst()
  }

  function settleFirst(): void {
    const [place] = places
    if (!place) return
    const { account } = place.exchange
    add(account.tally, tally(place, true))
    account.open -= 1
    places.shift()
  }

  function tally(place: Place, isOver = place.isAnswered): Tally {
    return place.exchange.tally(isOver, place === places.at(-1) ? { up: upstream.pending(), down: stray } : NOTHING)
  }
}
