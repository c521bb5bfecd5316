/**
 * Finds the client that a limit counts. A session identifies a person, and the first part of a lane's name identifies
 * a page. If a request has neither, its connection counts. Anybody can invent a page's name, so the name protects
 * only from mistakes: one page's endless loop does not use up the class's share. Only the connection and the address
 * are an identity.
 */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { visitorOf } from './visitor.ts'

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

const PAGE = /[?&](?:lane|page)=([A-Za-z0-9_-]{1,64})/

export function takerOf(request: IncomingMessage): Taker {
  const { address: from, session } = visitorOf(request)
  const address = networkOf(from)
  const isDirect = networkOf(request.socket.remoteAddress ?? '') === address
  const connection = isDirect ? request.socket : address
  const [, page] = PAGE.exec(request.url ?? '') ?? []
  return {
    client: session ?? (page === undefined ? connection : `${address} ${page}`),
    own: session ?? connection,
    isNamed: session !== null || page !== undefined,
    address,
  }
}

/**
 * Returns an IPv4 address unchanged, and the /64 network of an IPv6 address. One machine can use every address of its
 * /64 network.
 */
export function networkOf(address: string): string {
  const [plain = ''] = address.replace(/^::ffff:(?=[\d.]+$)/i, '').split('%')
  if (!isIPv6(plain) || plain === '::1') return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail?.split(':') ?? [])]
  return `${all
    .slice(0, 4)
    .map((group) => (Number.parseInt(group, 16) || 0).toString(16))
    .join(':')}::/64`
}
