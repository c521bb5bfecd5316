/** Who may talk to this server: by Host, by Origin, and as the instructor. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { FeedError, quote } from './errors.ts'

export interface Access {
  /** Throws `wrong-host` (421) or `wrong-origin` (403). Asked for every request, upgrades included. */
  check(request: IncomingMessage): void
  /**
   * May this client change what concerns everybody? Whoever sits at the server's own machine may,
   * not who comes through a proxy on it.
   */
  isInstructor(request: IncomingMessage): boolean
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** What proxies put into the requests that they pass on (RFC 7239, and what came before it). */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

/**
 * Lets in who asks for one of these host names, whatever the port. A name that somebody else's
 * DNS points at this machine (DNS rebinding) is not among them.
 */
export function createAccess(hostNames: Iterable<string>): Access {
  const known = new Set([...LOOPBACK_NAMES, ...Array.from(hostNames, (name) => bracketed(name.toLowerCase()))])

  return {
    check({ headers: { host = '', origin } }) {
      if (!known.has(nameOf(host)))
        throw new FeedError('wrong-host', `This server does not answer for the host ${quote(host)}.`)
      // Browsers send Origin with every cross-site request that could do harm; others leave it out.
      if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
        throw new FeedError('wrong-origin', `A page of ${quote(origin)} may not use the server at ${quote(host)}.`)
      }
    },
    isInstructor: ({ socket, headers }) =>
      isLoopback(socket.remoteAddress ?? '') &&
      LOOPBACK_NAMES.includes(nameOf(headers.host ?? '')) &&
      FORWARDED.every((name) => headers[name] === undefined),
  }
}

const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, '')

const bracketed = (name: string): string => (isIP(name) === 6 ? `[${name}]` : name)

const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)
