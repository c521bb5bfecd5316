/**
 * Finds the client that a limit counts. A session identifies a person, and the first part of a lane's name identifies
 * a page. If a request has neither, its connection counts. Anybody can invent a page's name, so the name protects
 * only from mistakes: one page's endless loop does not use up the class's share. Only the connection and the address
 * are an identity.
 */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { visitorOf } from './visitor.ts'
import type { Taker } from './visitor.ts'

const PAGE = /[?&](?:lane|page)=([A-Za-z0-9_-]{1,64})/

export function takerOf(request: IncomingMessage): Taker {
  const visitor = visitorOf(request)
  if (visitor.taker) return visitor.taker
  const { address: from, session } = visitor
  const address = networkOf(from)
  const isDirect = networkOf(request.socket.remoteAddress ?? '') === address
  const connection = isDirect ? request.socket : address
  const [, page] = PAGE.exec(request.url ?? '') ?? []
  return (visitor.taker = {
    client: session ?? (page === undefined ? connection : `${address} ${page}`),
    own: session ?? connection,
    isNamed: session !== null || page !== undefined,
    address,
  })
}

/**
 * Returns an IPv4 address unchanged, and the /64 network of an IPv6 address. One machine can use every address of its
 * /64 network.
 */
export function networkOf(address: string): string {
  if (address !== latest.address) latest = { address, network: readNetwork(address) }
  return latest.network
}

/** A request asks for its network several times. */
let latest = { address: '', network: '' }

function readNetwork(address: string): string {
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
