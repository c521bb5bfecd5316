/** Who may talk to this server: by Host, by Origin, and as the instructor. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { FeedError, quote } from './errors.ts'
import { createTokenCheck } from './instructor-token.ts'

export interface Access {
  /**
   * Throws `wrong-host` (421) or `wrong-origin` (403). Asked for every request, upgrades included.
   * `home`: the host whose pages may ask; default: the one that is asked.
   */
  check(request: Pick<IncomingMessage, 'headers'>, home?: string): void
  /**
   * May this client change what concerns everybody? Whoever sits at the server's own machine and asks
   * for it by a name of that machine may, and whoever sends `Authorization: Bearer TOKEN`: what a
   * proxy on this machine passes on comes from here as well. Throws as `checkToken` does.
   */
  isInstructor(request: IncomingMessage): boolean
  /** Throws `not-instructor` (403), with the reason why it is nobody else's, or as `checkToken` does. */
  checkInstructor(request: IncomingMessage, why: string): void
  /** Throws `wrong-token` (403) or `too-many-tries` (429); else whoever sent the request is the instructor. */
  checkToken(token: string, request: IncomingMessage): void
}

interface Instructors {
  /** Default: nobody but those at home. */
  readonly token?: string | undefined
  /** Whose addresses need no token; default: this machine's own. */
  readonly isHome?: (address: string) => boolean
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * Lets in who asks for one of these host names, whatever the port. A name that somebody else's
 * DNS points at this machine (DNS rebinding) is not among them.
 */
export function createAccess(hostNames: Iterable<string>, { token, isHome = isLoopback }: Instructors = {}): Access {
  const known = new Set([...LOOPBACK_NAMES, ...Array.from(hostNames, (name) => bracketed(name.toLowerCase()))])
  const checkFrom = createTokenCheck(token)
  const checkToken: Access['checkToken'] = (given, { socket }) => checkFrom(given, socket.remoteAddress ?? '')

  return {
    check({ headers: { host = '', origin } }, home = host) {
      if (!known.has(nameOf(host)))
        throw new FeedError('wrong-host', `This server does not answer for the host ${quote(host)}.`)
      // Browsers send Origin with every cross-site request that could do harm; others leave it out.
      if (origin !== undefined && origin !== `http://${home}` && origin !== `https://${home}`) {
        throw new FeedError('wrong-origin', `A page of ${quote(origin)} may not use the server at ${quote(host)}.`)
      }
    },
    isInstructor,
    checkInstructor(request, why) {
      if (!isInstructor(request)) throw new FeedError('not-instructor', why)
    },
    checkToken,
  }

  function isInstructor(request: IncomingMessage): boolean {
    if (isHome(request.socket.remoteAddress ?? '') && !isPassedOn(request)) return true
    const [, given] = /^bearer (.*)$/i.exec(request.headers.authorization ?? '') ?? []
    if (given === undefined) return false
    checkToken(given, request)
    return true
  }
}

/** Did it come by a proxy? One that says nothing of itself and asks for `localhost` cannot be told. */
function isPassedOn({ headers }: IncomingMessage): boolean {
  return !LOOPBACK_NAMES.includes(nameOf(headers.host ?? '')) || PROXY_HEADERS.some((name) => name in headers)
}

/** What proxies put into the requests that they pass on (RFC 7239, and what came before it). */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, '')

const bracketed = (name: string): string => (isIP(name) === 6 ? `[${name}]` : name)

export const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)
