/**
 * Finds the client to which a limit applies. If the request has a session, the client is the person of the session.
 * Otherwise, if the request names a page (`page`, or the first part of `lane`), the client is the page. Otherwise the
 * client is the connection. Anybody can invent the name of a page. So page names protect only against programming
 * errors: an endless loop in one page does not use up the class's share. Only a connection and an address reliably
 * identify a client that has not signed in.
 */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { nameKey } from './names.ts'
import type { Session } from './sessions.ts'
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
  const person = session && personKey(session)
  return (visitor.taker = {
    client: person ?? (page === undefined ? connection : `${address} ${page}`),
    own: session ?? connection,
    share: person ?? connection,
    isNamed: session !== null || page !== undefined,
    address,
  })
}

/** Returns a key that is the same in all processes, because only one session at a time has this name. */
const personKey = (session: Session): Session | string =>
  session.user === '' ? session : `user ${nameKey(session.user)}`

/**
 * Returns the /64 network of an IPv6 address, because one machine can use every address of its /64 network. Returns an
 * IPv4 address unchanged.
 */
export function networkOf(address: string): string {
  if (address !== latest.address) latest = { address, network: readNetwork(address) }
  return latest.network
}

/**
 * The latest address and its network. The server needs the network of the same address several times for one request.
 */
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
