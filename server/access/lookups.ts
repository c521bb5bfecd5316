/**
 * Looks for the credentials of a request in Redis before the access check of the request, which cannot wait. Only a
 * ticket, and a token that this process does not know, have to be looked for.
 */
import type { IncomingMessage } from 'node:http'
import { bearerOf, cookieOf, queryOf } from './credentials.ts'
import { NOT_FOUND, orElse } from './redis-away.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Tickets } from './tickets.ts'

export interface Lookups {
  /**
   * Looks for the session of a request. Returns undefined if there is no need. The promise never rejects: the next
   * methods throw the errors. `redeems`: true if the request may use a ticket.
   */
  find(request: IncomingMessage, redeems: boolean): Promise<void> | undefined
  /** Throws `LogUnavailable` if the session of the request may be in Redis, but Redis was away. */
  checkFound(request: IncomingMessage): void
  /** Returns the session of the request's ticket. Throws the errors of `redeem` (tickets.ts). */
  redeemed(request: IncomingMessage): Session
}

/** `isShared`: true if other processes share the sessions. */
export function createLookups(sessions: Sessions, tickets: Tickets, isShared: boolean): Lookups {
  const failed = new WeakMap<IncomingMessage, unknown>()
  const redeemed = new WeakMap<IncomingMessage, Session>()

  return {
    find(request, redeems) {
      const { url = '' } = request
      // The name of the parameter may be percent-encoded.
      const ticket = redeems && /ticket|%/.test(url) ? queryOf(request).get('ticket') : null
      if (ticket !== null) return keep(request, redeem(request, ticket))
      if (!isShared) return undefined
      const token = url.includes('=') ? queryOf(request).get('token') : null
      const tokens = [bearerOf(request), token, cookieOf(request)]
      const looking = tokens.flatMap((each) => (each === null ? [] : (sessions.find(each) ?? [])))
      return looking.length === 0 ? undefined : keep(request, Promise.all(looking))
    },
    checkFound(request) {
      if (failed.has(request)) throw failed.get(request)
    },
    redeemed(request) {
      this.checkFound(request)
      const session = redeemed.get(request)
      if (!session) throw new Error('The ticket of this request was not looked for.')
      return session
    },
  }

  async function keep(request: IncomingMessage, looking: Promise<unknown>): Promise<void> {
    try {
      await orElse(looking, NOT_FOUND)
    } catch (error) {
      failed.set(request, error)
    }
  }

  async function redeem(request: IncomingMessage, ticket: string): Promise<void> {
    redeemed.set(request, await tickets.redeem(ticket))
  }
}
