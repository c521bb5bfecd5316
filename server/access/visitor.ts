/**
 * The sender of a request, as the access check (access.ts) found it. Limits, logs and later checks read it from here.
 */
import type { IncomingMessage } from 'node:http'
import type { Session } from './sessions.ts'

export interface Visitor {
  /** Network address of the client. If the request came through a trusted proxy, the address that the proxy names. */
  readonly address: string
  /** Null if the request came without a session. */
  readonly session: Session | null
  /** Set by `takerOf` (taker.ts) when a limit first asks. */
  taker?: Taker
  /** Set by `clientOf`. */
  client?: string
}

/** The client that a limit counts; see taker.ts. */
export interface Taker {
  /** The person of the session. If there is no session, the page. If there is no page either, the connection. */
  readonly client: unknown
  /**
   * The person of the session, or else the connection. Behind a proxy, where clients share a connection, it is the
   * address.
   */
  readonly own: object | string
  /** True if the request has a session or names a page. */
  readonly isNamed: boolean
  readonly address: string
}

/** The visitor is a property of the request. With a WeakMap, the garbage collector would visit an entry for each request. */
const VISITOR = Symbol('visitor')

declare module 'node:http' {
  interface IncomingMessage {
    [VISITOR]?: Visitor
  }
}

/**
 * Returns the visitor of a request. If the request has not passed the check yet, the visitor has an address and no
 * session.
 */
export const visitorOf = (request: IncomingMessage): Visitor =>
  request[VISITOR] ?? { address: request.socket.remoteAddress ?? '', session: null }

const PAGE = /[?&]lane=([A-Za-z0-9_-]{1,64})/

/** Headers that proxies add to the requests that they pass on (RFC 7239, and the older X- headers). */
const PROXY_FIELDS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

/** Returns true if a proxy says that it passed this request on. Many clients may share the connection of a proxy. */
export const isProxied = ({ headers }: IncomingMessage): boolean => PROXY_FIELDS.some((name) => name in headers)

let clients = 0
const numbers = new WeakMap<object, number>()

/**
 * Names the client that sent a request. If the request has `lane=PAGE.…`, the client is this page (or program) at its
 * address. Otherwise the client is the connection. Many clients share a proxy's connection, so behind a proxy each
 * request counts as a client of its own. A hostile client can take another name. The name only keeps honest clients
 * apart.
 */
export function clientOf(request: IncomingMessage): string {
  const visitor = visitorOf(request)
  return (visitor.client ??= nameClient(request, visitor))
}

function nameClient(request: IncomingMessage, { address }: Visitor): string {
  const [, page] = PAGE.exec(request.url ?? '') ?? []
  if (page !== undefined) return `page ${address} ${page}`
  const on = isProxied(request) ? request : request.socket
  let number = numbers.get(on)
  if (number === undefined) numbers.set(on, (number = ++clients))
  return `client ${number}`
}

export function setVisitor(request: IncomingMessage, visitor: Visitor): void {
  request[VISITOR] = visitor
}
