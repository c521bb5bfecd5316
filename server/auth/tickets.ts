/** One-time tickets: a session for a single request, for an address that may be logged, copied and looked over somebody's shoulder at. */
import { randomBytes } from 'node:crypto'
import { FeedError } from '../errors.ts'
import { now } from '../now.ts'
import type { ServerTimeMs } from '../protocol.ts'
import type { Session } from './sessions.ts'

export interface Tickets {
  readonly lastMs: number
  issue(session: Session): string
  /** Good once. Throws `wrong-credentials` (401) for one that is used, too old or none of this server's. */
  redeem(ticket: string): Session
}

/** From asking for it to the connection that it is for. */
const TICKET_MS = 30_000

/** More than a class needs at once; beyond it the oldest are forgotten. */
const MOST_TICKETS = 10_000

export function createTickets(lastMs = TICKET_MS): Tickets {
  /** In the order in which they end. */
  const open = new Map<string, { readonly session: Session; readonly untilMs: ServerTimeMs }>()

  return {
    lastMs,
    issue(session) {
      for (const [old, { untilMs }] of open) {
        if (untilMs > now() && open.size < MOST_TICKETS) break
        open.delete(old)
      }
      const ticket = randomBytes(16).toString('base64url')
      open.set(ticket, { session, untilMs: now() + lastMs })
      return ticket
    },
    redeem(ticket) {
      const found = open.get(ticket)
      open.delete(ticket)
      if (found && found.untilMs > now()) return found.session
      throw new FeedError(
        'wrong-credentials',
        'The ticket was used before, is too old, or is none of this server’s.',
        `Ask for a new one by POST /session/ticket: it is good once, for ${lastMs / 1000} s.`,
      )
    },
  }
}
