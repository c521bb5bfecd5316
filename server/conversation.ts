/** What holds for every WebSocket over which people say something to others. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Limiter } from './limits.ts'
import { POLICY_VIOLATION } from './upgrade.ts'

/** That wait to be answered. What comes beyond it is left with the kernel, and so with the client. */
const WAITING_MESSAGES = 64

/** Refused in a row, each with an error: then this is no mistake but a flood, and the connection is closed. */
const REFUSED_MESSAGES = 100

/**
 * Has messages answered one after the other: what follows a join counts on being in the room. Who
 * sends faster than they are answered, or takes no answers, is not listened to for a while.
 */
export function hear(socket: WebSocket, wire: Socket, answer: (text: string) => Promise<void>): void {
  let waiting = 0
  let turn = Promise.resolve()
  socket.on('message', (data, isBinary) => {
    waiting += 1
    turn = turn.then(() => answer(isBinary ? '' : String(data))).then(answered)
    listen()
  })
  wire.on('drain', listen)

  function answered(): void {
    waiting -= 1
    listen()
  }

  function listen(): void {
    if (waiting >= WAITING_MESSAGES || wire.writableNeedDrain) socket.pause()
    else if (socket.isPaused) socket.resume()
  }
}

/** Counts each message against the limits. What it answers throws `too-many-messages`, and closes the connection of who does not stop. */
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

/** Pings, and ends a connection whose last ping was never answered: its other end has been gone for two heartbeats at the most. */
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
