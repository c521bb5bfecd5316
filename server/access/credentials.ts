/**
 * Reads the credentials of a request. A page cannot set the headers of a WebSocket or an EventSource, but the browser
 * adds cookies to their requests. So the server accepts not only `Authorization: Bearer`, but also a cookie, a token in
 * the URL and a ticket in the URL.
 */
import type { IncomingMessage } from 'node:http'
import type { Named } from '../http/parameters.ts'
import type { Session, Sessions } from './sessions.ts'

export const COOKIE = 'fourwire-session'

export function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at))
}

/**
 * Returns the names in a query. If a query repeats a parameter, the last value counts, because the route also uses the
 * last value.
 */
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
 * Returns the session whose token is in the Authorization field or, without that field, in the cookie. Returns null if
 * the session is over or if another server on this machine issued the token.
 */
export function currentSession(sessions: Sessions, request: IncomingMessage): Session | null {
  const token = bearerOf(request) ?? cookieOf(request)
  try {
    return token === null ? null : sessions.read(token)
  } catch {
    return null
  }
}
