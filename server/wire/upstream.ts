/**
 * Says which bytes that come up belong to which exchange. Node tells of a request when it has read
 * its head, and perhaps more; how long the head was follows from what stood in it.
 */
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'
import { linkOf } from './link.ts'
import { tapUp } from './tap.ts'

export interface Upstream {
  /** Bytes that have come and have no exchange yet: of the last one's body, of a request that is not whole, or odd ones. */
  pending(): number
  /** Those that are with the kernel as well and still on their way through a link. */
  pendingAtAll(): number
  /** A request has come, with a head of so many bytes when it is written as everybody writes it. */
  begin(exchange: Exchange, headBytes: number, before: Exchange | undefined, frames: Buffer | undefined): void
  /** The last exchange has its answer. */
  answered(last: Exchange): void
}

export function createUpstream(socket: Socket): Upstream {
  /** Bytes that have their exchange. */
  let dealt = 0
  /** Bytes that had no explanation when the last exchange was answered, and all that had come by then. */
  let idle = 0
  let readBefore = 0
  const link = linkOf(socket)

  return {
    pending,
    pendingAtAll: () => socket.bytesRead - dealt,
    begin(exchange, headBytes, before, frames) {
      if (before) finish(before, exchange, headBytes)
      idle = 0
      const own = frames ? Math.max(0, pending() - frames.length) : Math.min(pending(), headBytes)
      exchange.head(own)
      dealt += own
      // Fewer than came with it: some went to a pipelined body whose length was not known.
      if (frames && exchange.readsFrames && pending() >= frames.length) readFrames(exchange, frames)
    },
    answered(last) {
      idle = Math.max(0, pending() - last.bodyLeft)
      readBefore = arrived()
    },
  }

  function pending(): number {
    return arrived() - dealt
  }

  function arrived(): number {
    return link ? link.deliveredBytes : socket.bytesRead
  }

  /** Gives the exchange before a request what came up for it. */
  function finish(before: Exchange, { bodyLeft }: Exchange, headBytes: number): void {
    const mayBeBody = before.bodyLeft === Infinity ? pending() - headBytes : pending()
    const body = Math.max(0, Math.min(before.bodyLeft, mayBeBody))
    before.body(body)
    dealt += body
    // A head with more blanks than usual was longer than it seemed, unless the bytes that were
    // there so early are of this very request, or pipelined with it.
    const isExplained = pending() >= headBytes && pending() <= headBytes + bodyLeft
    const isPipelined = arrived() - readBefore < headBytes
    if (idle === 0 || isExplained || isPipelined) return
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
}
