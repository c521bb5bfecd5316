/**
 * Who may read and publish. The credentials are looked for where clients can put them: a browser's
 * WebSocket and EventSource send cookies and no header of the page's own, so besides
 * `Authorization: Bearer` there are the cookie, the address, a ticket in the address, and, for a
 * WebSocket, its first message.
 */
import type { IncomingMessage } from 'node:http'
import { FeedError, quote } from '../errors.ts'
import { now } from '../now.ts'
import type { Named } from '../transports/transport.ts'
import { isWebSocketUpgrade } from '../upgrade.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Tickets } from './tickets.ts'

export interface Admission {
  /**
   * Throws `not-signed-in`, `wrong-credentials` or `session-expired` (401) where the request is for
   * what people say and comes without a session. A WebSocket that asks for `auth=message` is let
   * through on its promise. `route`: its pattern, so that no way of writing a path gets past.
   */
  check(request: IncomingMessage, route: string | undefined): void
  /** Has this WebSocket still to say who it is? */
  owesToken(request: IncomingMessage): boolean
  /** Takes the token of its first message. Throws as `check` does. */
  admit(request: IncomingMessage, token: string): void
  /** Throws `wrong-user` (403) where somebody would speak, or be here, under another's name. */
  checkUser(request: IncomingMessage, named: Named): void
  /** Calls `end` when the session is over: what is open then has been let in for no longer. Answers what stops that. */
  until(request: IncomingMessage, end: () => void): () => void
}

/** Where authentication is off. */
export const EVERYBODY: Admission = {
  check: () => {},
  owesToken: () => false,
  admit: () => {},
  checkUser: () => {},
  until: () => () => {},
}

export const COOKIE = 'fourwire-session'

/** `setTimeout` goes no further. */
const LONGEST_MS = 2 ** 31 - 1

/** What people say, and by whom. Pages, their code and the lessons are in the repository for everybody to read; what is the instructor's asks for the instructor (access.ts). */
const GUARDED = /^\/(?:feed|boards)\/|^\/(?:ws|lab|chat\/ws)$/

/** Those WebSockets that can hear a first message. */
const HEARS_TOKEN = /^\/(?:feed\/:room\/)?ws$/

export function createAdmission(sessions: Sessions, tickets: Tickets): Admission {
  /** Of the requests that were let in. */
  const known = new WeakMap<IncomingMessage, Session>()
  const owing = new WeakSet<IncomingMessage>()

  return {
    check(request, route = '') {
      if (!GUARDED.test(route)) return
      const upgrades = isWebSocketUpgrade(request)
      const session = sessionBy(request, route)
      if (session) {
        known.set(request, session)
        const { user, name } = Object.fromEntries(queryOf(request))
        checkUser(request, { user, name })
      } else if (upgrades && HEARS_TOKEN.test(route) && queryOf(request).get('auth') === 'message') owing.add(request)
      else throw new FeedError('not-signed-in', `${route} is for those who have signed in.`)
    },
    owesToken: (request) => owing.has(request),
    admit(request, token) {
      known.set(request, sessions.read(token))
      owing.delete(request)
    },
    checkUser,
    until(request, end) {
      const session = known.get(request)
      if (!session) return () => {}
      const timer = setTimeout(end, Math.min(session.untilMs - now(), LONGEST_MS))
      return () => clearTimeout(timer)
    },
  }

  function checkUser(request: IncomingMessage, { user, name }: Named): void {
    const session = known.get(request)
    for (const [what, value] of Object.entries({ user, name })) {
      if (session && value !== undefined && value !== session.user)
        throw new FeedError('wrong-user', `${what} is ${quote(value)}, and this session is ${quote(session.user)}’s.`)
    }
  }

  /** The first that is there counts: a wrong one is an error, whatever else came with it. */
  function sessionBy(request: IncomingMessage, route: string): Session | null {
    const query = queryOf(request)
    const ticket = query.get('ticket')
    if (ticket !== null) return tickets.redeem(ticket)
    // Where the lab is asked for, this header has the instructor's token.
    const bearer = route === '/lab' ? null : bearerOf(request)
    const token = bearer ?? query.get('token') ?? cookieOf(request)
    return token === null ? null : sessions.read(token)
  }
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at))
}

export function bearerOf({ headers: { authorization = '' } }: IncomingMessage): string | null {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? null
}

export function cookieOf({ headers: { cookie = '' } }: IncomingMessage): string | null {
  const pairs = cookie.split(/; */).map((pair) => pair.split('='))
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? null
}
