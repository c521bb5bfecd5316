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
  /** The answer is with the socket, to its last byte. */
  answered(exchange: Exchange): void
  /** Adds what is not yet in the accounts, true at this moment. */
  addOpen(tallyOf: (exchange: Exchange) => Tally): void
}

interface Place {
  readonly exchange: Exchange
  /** Where its answer ends, in bytes down from the connection's beginning; Infinity while it is under way. */
  endAt: number
}

const NOTHING = { up: 0, down: 0 }

export function meterConnection(socket: Socket, closed: () => void): Connection {
  /** Those whose answers are still to go down, in order. The last one stays, however long ago it was answered. */
  const places: Place[] = []
  /** Bytes down that the kernel has taken. */
  let handed = socket.bytesWritten - socket.writableLength
  /** Of these, those behind the last answer: 100 Continue goes down before its request is told of. */
  let stray = handed
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
      places.push({ exchange, endAt: Infinity })
      settle()
    },
    answered(exchange) {
      const place = places.find((place) => place.exchange === exchange)
      // The connection broke and took the exchange with it.
      if (!place) return
      passed(tap.take())
      tap.listen()
      place.endAt = handed + socket.writableLength
      if (place === places.at(-1)) upstream.answered(exchange)
      settle()
    },
    addOpen(tallyOf) {
      passed(tap.take())
      for (const place of places) add(tallyOf(place.exchange), tally(place))
    },
  }

  function down(chunk: Buffer | string, encoding: BufferEncoding): void {
    const length = byteLength(chunk, encoding)
    const [first] = places
    if (!first || handed + length > first.endAt)
      return dealDown(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    handed += length
    first.exchange.down(chunk, encoding, length)
    if (first.exchange.isStream && first.endAt === Infinity) tap.pass()
  }

  /** Bytes that went by while there was nothing to look into. */
  function passed(bytes: number): void {
    handed += bytes
    if (bytes > 0) places[0]?.exchange.pass(bytes)
  }

  /** Bytes of several answers in one piece, or behind the last of them. */
  function dealDown(bytes: Buffer): void {
    settle()
    const [first] = places
    const room = Math.max(0, (first?.endAt ?? 0) - handed)
    const part = bytes.subarray(0, room)
    const rest = bytes.subarray(part.length)
    handed += part.length
    first?.exchange.down(part, 'latin1', part.length)
    if (rest.length === 0) return
    if (places.length > 1) return dealDown(rest)
    handed += rest.length
    stray += rest.length
  }

  /** An exchange is over when its answer is down and the next one has begun: until then it may turn out longer. */
  function settle(): void {
    while (places.length > 1 && (places[0]?.endAt ?? 0) <= handed) settleFirst()
  }

  function settleFirst(): void {
    const [place] = places
    if (!place) return
    const { account } = place.exchange
    add(account.tally, tally(place, true))
    account.open -= 1
    places.shift()
  }

  function tally(place: Place, isOver = place.endAt < Infinity): Tally {
    return place.exchange.tally(isOver, place === places.at(-1) ? { up: upstream.pending(), down: stray } : NOTHING)
  }
}
