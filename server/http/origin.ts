/**
 * Checks the host names of requests and the origins of pages. The server compares host names and origins as URLs
 * (WHATWG URL, section 4.1). So letter case, the spelling of an IPv6 address, a dot at the end of a name and the
 * default port make no difference.
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { CATALOGUE, FeedError, quote } from './errors.ts'

export interface Origins {
  /** Throws `wrong-host` (421) if the Host field is not a name of this server. */
  checkHost(request: Pick<IncomingMessage, 'headers'>): void
  /**
   * Throws `wrong-origin` (403) if a page of another origin sent the request. The check allows the pages of the host
   * `home`. Default: the Host field.
   */
  checkOrigin(request: Pick<IncomingMessage, 'headers'>, home?: string): void
  /**
   * If a page of an allowed origin that is not this server's own sent the request, returns its origin as the browser
   * writes it. Otherwise returns null.
   */
  guestOf(request: Pick<IncomingMessage, 'headers'>): string | null
}

export const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * Creates the checks. The server accepts requests for `hostNames` and the loopback names, on every port. The server
 * refuses any other name, because an attacker's DNS could point the name at this machine (DNS rebinding). `ownOrigins`
 * are public origins whose requests a service forwards to this server. The pages of `ownOrigins` count as this server's
 * own, even if the service's proxy has replaced the Host field. `guests` are further origins whose pages may read and
 * publish.
 */
export function createOrigins(
  hostNames: Iterable<string>,
  ownOrigins: Iterable<string> = [],
  guests: Iterable<string> = [],
): Origins {
  const invited = new Set(Array.from(guests, originOf))
  const known = new Set([...LOOPBACK_NAMES, ...Array.from(hostNames, inOneSpelling)])
  const own = new Set(ownOrigins)
  // An invalid name in `hostNames` becomes an empty string. An invalid Host field becomes an empty string too, and the
  // server must refuse it.
  known.delete('')

  return {
    checkHost({ headers: { host = '' } }) {
      if (!known.has(nameOf(host)))
        throw new FeedError(
          'wrong-host',
          `This server does not accept requests for the host ${quote(host)}.`,
          allow(host),
        )
    },
    checkOrigin({ headers: { host = '', origin } }, home = host) {
      // Browsers send the Origin field with every cross-site request that could do harm. Other clients omit the field.
      if (origin !== undefined && !isOriginOf(home, origin) && !own.has(originOf(origin) ?? ''))
        throw new FeedError(
          'wrong-origin',
          `A page of ${quote(origin)} may not use the server at ${quote(host)}.`,
          passOn(origin),
        )
    },
    guestOf({ headers: { host = '', origin } }) {
      const page = origin === undefined ? null : originOf(origin)
      return page !== null && invited.has(page) && !isOriginOf(host, page) && !own.has(page) ? page : null
    },
  }
}

function allow(host: string): string {
  const name = nameOf(host)
  if (name === '') return CATALOGUE['wrong-host'].remedy
  return `Use an address that the server printed at its start, or start the server with --allow-host ${name}.`
}

/**
 * Returns the remedy for a wrong origin. If a proxy replaces the browser's Host field, this server's own page looks
 * like a page of another site. So the remedy also says how to configure a proxy.
 */
function passOn(origin: string): string {
  const page = URL.parse(originOf(origin) ?? '')
  const { remedy } = CATALOGUE['wrong-origin']
  if (page === null) return remedy
  return `${remedy} If you use a proxy, let it keep the browser\u2019s Host field (in nginx: "proxy_set_header Host $http_host;"), and start the server with --allow-host ${page.hostname}. Or start the server with --allow-origin ${page.origin}.`
}

/**
 * Returns the host name in a Host field, without the port and in its normal spelling. Returns an empty string if the
 * field is not a host.
 */
export function nameOf(host: string): string {
  if (host !== latest.host) latest = { host, name: read('http:', host)?.hostname ?? '' }
  return latest.name
}

/**
 * The latest Host field and its name. Nearly all requests have the same Host field, and parsing the field costs more
 * than the rest of the check.
 */
let latest = { host: '', name: '' }

/**
 * Returns an origin in its normal spelling, such as `https://xn--bcher-kva.example:8443`. Returns null if the text is
 * not an origin.
 */
export function originOf(text: string): string | null {
  const [, scheme = '', authority = ''] = ORIGIN.exec(text) ?? []
  return read(scheme.toLowerCase(), authority)?.origin ?? null
}

/**
 * Pattern of one serialised origin, without a path and a user name. The text `null` and a list of origins do not match.
 */
const ORIGIN = /^(https?:)\/\/([^/?#@\\]+)$/i

/**
 * Pattern of a host and an optional port (RFC 9112, section 3.2). It allows no user name, and only characters that
 * occur in host names.
 */
const AUTHORITY = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/i

/**
 * Returns true if the origin belongs to the host. If the Host field has no port, assumes the default port of the page's
 * scheme: the page's scheme may be https although this server has no TLS, because TLS may end at a proxy.
 */
function isOriginOf(host: string, origin: string): boolean {
  const page = originOf(origin)
  return page !== null && page === originOf(`${page.slice(0, page.indexOf(':'))}://${host}`)
}

function read(scheme: string, authority: string): Pick<URL, 'hostname' | 'origin'> | null {
  const url = AUTHORITY.test(authority) ? URL.parse(`${scheme}//${authority}`) : null
  if (url === null) return null
  url.hostname = url.hostname.replace(/\.$/, '')
  return url
}

/**
 * Returns a host name in its normal spelling. The given name may contain letters of any language. Returns an empty
 * string if the text is not a host name.
 */
function inOneSpelling(name: string): string {
  return URL.parse(`http://${isIP(name) === 6 ? `[${name}]` : name}`)?.hostname.replace(/\.$/, '') ?? ''
}

export const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)
