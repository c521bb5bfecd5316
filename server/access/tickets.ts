/**
 * One-time tickets. In the URL of one request, a client sends a ticket in place of its session's token, because other
 * people may see, copy or log a URL.
 */
import { randomBytes } from 'node:crypto'
import { FeedError } from '../http/errors.ts'
import { now } from '../now.ts'
import type { ServerTimeMs } from '../protocol/feed.ts'
import type { Session } from './sessions.ts'

export interface Tickets {
  readonly lastMs: number
  issue(session: Session): string
  /**
   * Returns the session of a ticket and makes the ticket invalid. Throws `wrong-credentials` (401) if the ticket was
   * used before, is too old, or was issued by another server.
   */
  redeem(ticket: string): Session
}

/** Maximum time between the issue of a ticket and the request that uses it. */
const TICKET_MS = 30_000

/**
 * Maximum number of unused tickets of one session. A page needs one ticket for each connection. Beyond this number, the
 * server deletes the session's oldest ticket.
 */
const MOST_OF_SESSION = 20

/**
 * Maximum number of unused tickets of all sessions. A class needs fewer tickets at the same time. Beyond this number,
 * the server deletes the oldest tickets.
 */
const MOST_TICKETS = 10_000

export function createTickets(lastMs = TICKET_MS): Tickets {
  /** Unused tickets, in the order in which they expire. */
  const open = new Map<string, { readonly session: Session; readonly untilMs: ServerTimeMs }>()

  /** Latest tickets of each session, oldest first. */
  const issued = new WeakMap<Session, readonly string[]>()

  return {
    lastMs,
    issue(session) {
      for (const [old, { untilMs }] of open) {
        if (untilMs > now() && open.size < MOST_TICKETS) break
        open.delete(old)
      }
      const ticket = randomBytes(16).toString('base64url')
      const own = [...(issued.get(session) ?? []), ticket]
      for (const old of own.splice(0, own.length - MOST_OF_SESSION)) open.delete(old)
      issued.set(session, own)
      open.set(ticket, { session, untilMs: now() + lastMs })
      return ticket
    },
    redeem(ticket) {
      const found = open.get(ticket)
      open.delete(ticket)
      if (found && found.untilMs > now() && !found.session.isOver) return found.session
      throw new FeedError(
        'wrong-credentials',
        'The ticket was used before, is too old, or was not issued by this server.',
        `Get a new ticket with POST /session/ticket. It is valid for one request within ${lastMs / 1000} s.`,
      )
    },
  }
}
