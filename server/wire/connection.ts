/**
 * Says which bytes of a connection belong to which of its exchanges. What goes down is dealt out
 * as the kernel takes it, in the order of the requests; what comes up is dealt out when a request
 * is there, by how long its head must have been.
 */
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'
import { add } from './tally.ts'
import type { Tally } from './tally.ts'
import { tapDown, tapUp } from './tap.ts'

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

export function meterConnection(socket: Socket, closed: () => void): Connection {
  /** Those whose answers are still to go down, in order. The last one stays, however long ago it was answered. */
  const places: Place[] = []
  /** Bytes down that the kernel has taken. */
  let handed = socket.bytesWritten - socket.writableLength
  /** Of these, those behind the last answer: 100 Continue goes down before its request is told of. */
  let stray = handed
  /** Bytes up that have their exchange. */
  let dealt = 0
  /** Bytes up that had no explanation when the last exchange was answered. */
  let idle = 0

  tapDown(socket, down)
  socket.once('close', () => {
    places.at(-1)?.exchange.stray(stray, 'framing')
    while (places.length > 0) settleFirst()
    closed()
  })

  return {
    begin(exchange, headBytes, frames) {
      dealBefore(exchange, headBytes)
      const own = frames ? pending() - frames.length : Math.min(pending(), headBytes)
      exchange.head(own)
      dealt += own
      exchange.stray(stray, 'responseHeads')
      exchange.account.open += 1
      places.push({ exchange, endAt: Infinity })
      stray = 0
      idle = 0
      settle()
      if (frames && exchange.readsFrames) readFrames(exchange, frames)
    },
    answered(exchange) {
      const place = places.find((place) => place.exchange === exchange)
      // The connection broke and took the exchange with it.
      if (!place) return
      place.endAt = handed + socket.writableLength
      if (place === places.at(-1)) idle = Math.max(0, pending() - exchange.bodyLeft)
      settle()
    },
    addOpen(tallyOf) {
      for (const place of places) add(tallyOf(place.exchange), tally(place))
    },
  }

  /** Bytes that have come up and have no exchange: of the last one's body, of a request that is not whole, or odd ones. */
  function pending(): number {
    return socket.bytesRead - dealt
  }

  /** Gives the exchange before a request what came up for it. What is left is for the new one and those behind. */
  function dealBefore({ bodyLeft }: Exchange, headBytes: number): void {
    const before = places.at(-1)?.exchange
    if (!before) return
    const body = Math.min(before.bodyLeft, Math.max(0, pending() - (before.bodyLeft === Infinity ? headBytes : 0)))
    before.body(body)
    dealt += body
    // A head with more blanks than usual was longer than it seemed, unless the bytes that were
    // there so early are the beginning of this very request.
    const isExplained = pending() >= headBytes && pending() <= headBytes + bodyLeft
    if (idle === 0 || isExplained) return
    before.head(idle)
    dealt += idle
  }

  function readFrames(exchange: Exchange, first: Buffer): void {
    const up = (bytes: Buffer): void => {
      dealt += bytes.length
      exchange.framesUp(bytes)
    }
    up(first)
    tapUp(socket, up)
  }

  function down(chunk: Buffer | string, encoding: BufferEncoding): void {
    const length = typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length
    const [first] = places
    if (first && handed + length <= first.endAt) {
      handed += length
      first.exchange.down(chunk, encoding, length)
    } else {
      dealDown(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    }
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
    return place.exchange.tally(isOver, place === places.at(-1) ? pending() : 0)
  }
}
