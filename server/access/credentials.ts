/**
 * Reads the credentials of a request. A browser's WebSocket and EventSource send cookies, but a page cannot set their
 * headers. So besides `Authorization: Bearer`, the server accepts a cookie, a token in the URL and a ticket in the
 * URL.
 */
import type { IncomingMessage } from 'node:http'
import type { Named } from '../http/parameters.ts'
import type { Session, Sessions } from './sessions.ts'

export const COOKIE = 'fourwire-session'

export function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at))
}

/** The names that a query gives. If it repeats one, the last value counts, as it does for the route. */
export function namedIn(query: URLSearchParams): Named {
  return { user: query.getAll('user').at(-1), name: query.getAll('name').at(-1) }
}

export function bearerOf({ headers: { authorization = '' } }: IncomingMessage): string | null {
  return /^bearer +(.*\S) *$/i.exec(authorization)?.[1] ?? null
}

export function cookieOf({ headers: { cookie } }: IncomingMessage): string | null {
  if (cookie === undefined) return null
  const pairs = cookie.split(/; */).map((pair) => pair.split('='))
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? null
}

/**
 * Returns the session that the header or the cookie names. Returns null if it is over or belongs to another server on
 * this machine.
 */
export function currentSession(sessions: Sessions, request: IncomingMessage): Session | null {
  const token = bearerOf(request) ?? cookieOf(request)
  try {
    return token === null ? null : sessions.read(token)
  } catch {
    return null
  }
}
