/** Rules for every WebSocket over which people send messages to others. */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Limiter } from './limits.ts'
import { PRICES, priceOfBytes } from './prices.ts'
import { POLICY_VIOLATION } from '../http/upgrade.ts'

/**
 * Maximum number of messages that wait for their turn. At the limit the socket is paused, so that further bytes stay
 * with the kernel and then with the client.
 */
const WAITING_MESSAGES = 64

/**
 * Number of successive refused messages after which the connection is closed. A client that ignores a hundred errors
 * floods the server on purpose.
 */
const REFUSED_MESSAGES = 100

/**
 * Handles messages and pings one after the other: for example, a message after a join must find its sender in the
 * room. Before a message is handled, its price is charged to the client (prices.ts). The socket is paused if the client sends faster than it can pay,
 * sends faster than its messages are handled, or does not read.
 */
export function hear(
  socket: WebSocket,
  request: IncomingMessage,
  limiter: Limiter,
  answer: (text: string) => Promise<void>,
): void {
  const wire = request.socket
  let waiting = 0
  let turn = Promise.resolve()
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '' : String(data)
    wait(text.length, () => answer(text))
  })
  // Pings are counted here, because ws itself would send a pong for any number of them.
  socket.on('ping', (data) => wait(0, async () => socket.pong(data)))
  wire.on('drain', listen)

  function wait(bytes: number, act: () => Promise<void>): void {
    waiting += 1
    turn = turn
      .then(async () => {
        const paid = limiter.spend(request, PRICES.frame + priceOfBytes(bytes), Infinity)
        if (paid) await paid
        // When the server stops, it still handles the messages that have arrived. A message that had to wait for its
        // payment is dropped if the socket has closed meanwhile.
        if (!paid || socket.readyState === socket.OPEN) await act()
      })
      .then(answered)
    listen()
  }

  function answered(): void {
    waiting -= 1
    listen()
  }

  function listen(): void {
    if (waiting >= WAITING_MESSAGES || wire.writableNeedDrain) socket.pause()
    else if (socket.isPaused) socket.resume()
  }
}

/**
 * Counts each message against the limits. The returned function throws `too-many-messages`, and closes the connection
 * if the client does not stop.
 */
export function counting(socket: WebSocket, request: IncomingMessage, limiter: Limiter): () => void {
  let refused = 0
  return () => {
    try {
      limiter.message(request)
      refused = 0
    } catch (error) {
      refused += 1
      if (refused === REFUSED_MESSAGES) socket.close(POLICY_VIOLATION, 'too many messages')
      throw error
    }
  }
}

/**
 * Sends pings, and terminates a connection whose last ping was not answered. So the server notices a lost client
 * after two heartbeats at most.
 */
export function heartbeat(socket: WebSocket, everyMs: number, dropped: () => void): () => void {
  let answered = true
  socket.on('pong', () => (answered = true))
  const timer = setInterval(() => {
    if (!answered) {
      dropped()
      return socket.terminate()
    }
    answered = false
    socket.ping()
  }, everyMs)
  return () => clearInterval(timer)
}
