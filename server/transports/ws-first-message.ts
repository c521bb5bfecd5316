/** The first message of a WebSocket that was let in on its promise: `{"type":"auth","token"}`. Before it nothing is told, and nothing else is heard. */
import type { WebSocket } from 'ws'
import { ofFeed } from '../error-handler.ts'
import { FeedError, errorMessage } from '../errors.ts'

/** Of IANA's registry of close codes: Unauthorized. */
export const UNAUTHORIZED = 3000

/** A page sends it in the same turn in which the connection opens. */
const FIRST_MESSAGE_MS = 5000

/** Answers what takes the first message; once it was right, `admitted` is called. `admit` throws where the token is not. */
export function awaitToken(
  socket: WebSocket,
  admit: (token: string) => void,
  admitted: () => void,
): (text: string) => Promise<void> {
  const timer = setTimeout(() => socket.close(UNAUTHORIZED, 'no token came'), FIRST_MESSAGE_MS)
  socket.once('close', () => clearTimeout(timer))

  return async (text) => {
    clearTimeout(timer)
    try {
      admit(tokenOf(text))
      admitted()
    } catch (error) {
      const told = ofFeed(error) ?? new FeedError('log-unavailable', 'The event log did not take this.')
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
    'The first message was not the token that this connection promised.',
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
