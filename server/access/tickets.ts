/**
 * One-time tickets. In the URL of one request, a client sends a ticket in place of its session's token, because other
 * people may see, copy or log a URL. Processes that share a Redis share the tickets. Redis has only their hashes.
 */
import { createHash, randomBytes } from 'node:crypto'
import { FeedError } from '../http/errors.ts'
import { alone } from '../peers/alone.ts'
import type { Peers } from '../peers/peers.ts'
import type { Session, Sessions } from './sessions.ts'

export interface Tickets {
  readonly lastMs: number
  /** Rejects with `LogUnavailable` if Redis is away. */
  issue(session: Session): Promise<string>
  /**
   * Resolves with the session of a ticket and makes the ticket invalid. Rejects with `wrong-credentials` (401) if the
   * ticket was used before, is too old, or was issued by another server, and with `LogUnavailable` if Redis is away.
   */
  redeem(ticket: string): Promise<Session>
}

interface Issued {
  /** Hash of the session's token. */
  readonly session: string
  /** Time of expiry by the wall clock (`Date.now`), because another process may redeem the ticket. */
  readonly untilMs: number
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

export function createTickets(
  sessions: Pick<Sessions, 'ofHash'>,
  lastMs = TICKET_MS,
  peers: Pick<Peers, 'map'> = alone(),
): Tickets {
  const map = peers.map('tickets')
  /** Unused tickets of all processes by their hashes. The oldest comes first. */
  const open = new Map<string, Issued>()
  /** Hashes of the unused tickets of each session, oldest first. The key is the hash of the session's token. */
  const ofSession = new Map<string, Set<string>>()
  map.onChange((hash, text) => {
    if (text === undefined) forget(hash)
    else note(hash, JSON.parse(text))
  })

  return {
    lastMs,
    async issue(session) {
      for (const [hash, { untilMs }] of open) {
        if (untilMs > Date.now() && open.size < MOST_TICKETS) break
        drop(hash)
      }
      for (const hash of ofSession.get(session.hash) ?? []) {
        if ((ofSession.get(session.hash)?.size ?? 0) < MOST_OF_SESSION) break
        drop(hash)
      }
      const ticket = randomBytes(16).toString('base64url')
      const issued: Issued = { session: session.hash, untilMs: Date.now() + lastMs }
      note(hashOf(ticket), issued)
      await map.add(hashOf(ticket), JSON.stringify(issued))
      return ticket
    },
    async redeem(ticket) {
      const hash = hashOf(ticket)
      forget(hash)
      const text = await map.take(hash)
      const { session: of, untilMs }: Issued = text === undefined ? NONE : JSON.parse(text)
      const session = untilMs > Date.now() ? await sessions.ofHash(of) : null
      if (session) return session
      throw new FeedError(
        'wrong-credentials',
        'The ticket was used before, is too old, or was not issued by this server.',
        `Get a new ticket with POST /session/ticket. It is valid for one request within ${lastMs / 1000} s.`,
      )
    },
  }

  function note(hash: string, issued: Issued): void {
    open.set(hash, issued)
    const own = ofSession.get(issued.session) ?? new Set()
    ofSession.set(issued.session, own.add(hash))
  }

  function forget(hash: string): void {
    const of = open.get(hash)?.session ?? ''
    open.delete(hash)
    const own = ofSession.get(of)
    own?.delete(hash)
    if (own?.size === 0) ofSession.delete(of)
  }

  function drop(hash: string): void {
    forget(hash)
    // If Redis is away, the map deletes the ticket when Redis is back.
    map.set(hash, null).catch(() => {})
  }
}

const NONE: Issued = { session: '', untilMs: 0 }

const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url')
