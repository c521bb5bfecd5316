/**
 * Handles the first message of a client that still has to send its token: `{"type":"auth","token"}`. Before the token
 * has arrived, the server sends nothing and accepts no other message.
 */
import type { WebSocket } from 'ws'
import { ofFeed } from '../http/error-handler.ts'
import { FeedError, errorMessage } from '../http/errors.ts'
import { UNAUTHORIZED } from '../http/upgrade.ts'

/** Time limit for the message with the token. A page sends this message as soon as the connection is open. */
const FIRST_MESSAGE_MS = 5000

/**
 * Returns a handler for the first message. `admit` throws if the token is wrong. If `admit` does not throw, the handler
 * calls `admitted`.
 */
export function awaitToken(
  socket: WebSocket,
  admit: (token: string) => Promise<void>,
  admitted: () => void,
): (text: string) => Promise<void> {
  const timer = setTimeout(() => socket.close(UNAUTHORIZED, 'no token arrived'), FIRST_MESSAGE_MS)
  socket.once('close', () => clearTimeout(timer))

  return async (text) => {
    clearTimeout(timer)
    try {
      await admit(tokenOf(text))
      if (socket.readyState === socket.OPEN) admitted()
    } catch (error) {
      const told = ofFeed(error) ?? new FeedError('log-unavailable', 'The event log could not be read.')
      socket.send(JSON.stringify(errorMessage(told)))
      socket.close(UNAUTHORIZED, told.code)
    }
  }
}

function tokenOf(text: string): string {
  const value = parse(text)
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'auth')
    if ('token' in value && typeof value.token === 'string') return value.token
  throw new FeedError(
    'not-signed-in',
    'The first message does not contain the token that this connection has to send.',
    'Send {"type":"auth","token":"…"} before anything else.',
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
