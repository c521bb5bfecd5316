/** Rules for every WebSocket over which people send messages to others. */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Limiter } from './limits.ts'
import { PRICES, priceOfBytes } from './prices.ts'
import { POLICY_VIOLATION } from '../http/upgrade.ts'

/**
 * Maximum number of messages of one WebSocket that wait for their turn. At this number, the server pauses the socket.
 * While the socket is paused, further bytes wait in the kernel, and when the kernel's buffer is full, at the client.
 */
const WAITING_MESSAGES = 64

/**
 * Number of successive refused messages after which the server closes the connection. A client that ignores a hundred
 * errors floods the server on purpose.
 */
const REFUSED_MESSAGES = 100

/**
 * Handles the messages and pings of a WebSocket one after the other. For example, the server must finish a join before
 * it handles the sender's next message. Before the server handles a message, it charges the message's price to the
 * client (prices.ts). The server pauses the socket if the client sends faster than it can pay, sends faster than the
 * server handles its messages, or does not read.
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
  // `ws` itself would answer any number of pings. Here, the server charges each ping to the client.
  socket.on('ping', (data) => wait(0, async () => socket.pong(data)))
  wire.on('drain', listen)

  function wait(bytes: number, act: () => Promise<void>): void {
    waiting += 1
    turn = turn
      .then(async () => {
        const paid = limiter.spend(request, PRICES.frame + priceOfBytes(bytes), Infinity)
        if (paid) await paid
        // When the server stops, it still handles the messages that have arrived. But if a message had to wait for its
        // payment and the socket has closed meanwhile, the server drops the message.
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
 * Returns a function that counts one message against the client's limits. The function throws `too-many-messages` (429)
 * beyond a limit. After `REFUSED_MESSAGES` successive refused messages, the function also closes the connection.
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
 * Sends a ping every `everyMs` ms. Terminates the connection if the client has not answered the last ping. So the
 * server notices a lost client after at most two pings. Returns a function that stops the pings.
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
