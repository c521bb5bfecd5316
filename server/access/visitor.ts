/**
 * The visitor: the sender of a request. The access check (access.ts) finds the visitor and stores it in the request.
 * Limits and later checks read the visitor from the request.
 */
import type { IncomingMessage } from 'node:http'
import type { Session } from './sessions.ts'

export interface Visitor {
  /**
   * Network address of the client. If a trusted proxy forwarded the request, the address of the client that the proxy
   * sent.
   */
  readonly address: string
  /** Null if the request came without a session. */
  readonly session: Session | null
  /** `takerOf` (taker.ts) sets this property at its first call for the visitor. */
  taker?: Taker
  /** `clientOf` sets this property at its first call for the visitor. */
  client?: string
}

/** The client to which a limit applies; see taker.ts. */
export interface Taker {
  /** The person of the session. Without a session, the page. Without a session and a page, the same as `own`. */
  readonly client: unknown
  /**
   * The session of the request. Without a session, the connection. Behind a trusted proxy, the address takes the place
   * of the connection, because many clients share the proxy's connection.
   */
  readonly own: object | string
  /**
   * Key of the own share: the same as `own`, except that the name of the person takes the place of the session. A text is
   * the same in all processes.
   */
  readonly share: object | string
  /** True if the request has a session or names a page. */
  readonly isNamed: boolean
  readonly address: string
}

/**
 * Key of the property in which a request stores its visitor. With a WeakMap instead of a property, the garbage
 * collector would have to visit one entry for each request.
 */
const VISITOR = Symbol('visitor')

declare module 'node:http' {
  interface IncomingMessage {
    [VISITOR]?: Visitor
  }
}

/**
 * Returns the visitor of a request. Before the access check of the request, returns a visitor that has an address and
 * no session.
 */
export const visitorOf = (request: IncomingMessage): Visitor =>
  request[VISITOR] ?? { address: request.socket.remoteAddress ?? '', session: null }

const PAGE = /[?&]lane=([A-Za-z0-9_-]{1,64})/

/** Headers that proxies add to the requests that they forward (RFC 7239, and the older X- headers). */
const PROXY_FIELDS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

/**
 * Returns true if a header says that a proxy forwarded this request. Many clients may share the connection of a proxy.
 */
export const isProxied = ({ headers }: IncomingMessage): boolean => PROXY_FIELDS.some((name) => name in headers)

let clients = 0
const numbers = new WeakMap<object, number>()

/**
 * Returns a name for the client that sent a request. If the request has `lane=PAGE.…`, the client is the page (or
 * program) with this name at the request's address. Otherwise the client is the connection. Many clients share a
 * proxy's connection, so behind a proxy each request without a lane counts as a separate client. A hostile client can
 * send the name of another page, so the names distinguish only honest clients.
 */
export function clientOf(request: IncomingMessage): string {
  const visitor = visitorOf(request)
  return (visitor.client ??= nameClient(request, visitor))
}

/** Returns true if the client is a page, and false if it is a connection. Only a page has the same name in all processes. */
export const isPage = (client: string): boolean => client.startsWith('page ')

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
