/** A TCP or TLS connection, and the text of an HTTP request. */
import { connect as connectPlain, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ComparedServer, NetworkUsage } from '../adapter.ts'

/** What all requests to a server have in common. */
export type Connecting = Pick<ComparedServer, 'headers' | 'isInsecure' | 'isHttp2'>

export interface CountedSocket {
  /** A write before the connection is up is queued, and it needs no wait for that. */
  readonly socket: Socket
  /** Bytes of TCP payload that were sent and received. Bytes that wait in this process do not count as sent. */
  bytes(): Omit<NetworkUsage, 'requests'>
}

/**
 * Connects to the host and the port of an http, https, ws or wss address. `alpn` is the protocol that a server with TLS
 * is asked for. The socket's error is a sentence for the user.
 */
export function openSocket(
  url: URL,
  { isInsecure = false }: Connecting,
  alpn: 'http/1.1' | 'h2' = 'http/1.1',
): CountedSocket {
  const { hostname, port } = url
  const host = hostname.replace(/^\[|\]$/g, '')
  const to = { host, port: Number(port) || (isSecure(url) ? 443 : 80) }
  const plain = connectPlain({ ...to, noDelay: true })
  const bytes = (): ReturnType<CountedSocket['bytes']> => ({
    bytesUp: plain.bytesWritten - plain.writableLength,
    bytesDown: plain.bytesRead,
  })
  if (!isSecure(url)) return { socket: plain, bytes }
  // The encrypted bytes are counted at a socket of their own, because a TLS socket counts the plain ones.
  const socket = connectTls({
    socket: plain,
    host,
    // The name of a server must not be an IP address (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: !isInsecure,
    ALPNProtocols: [alpn],
  })
  plain.on('error', (error) => socket.destroy(error))
  return { socket, bytes }
}

const isSecure = ({ protocol }: URL): boolean => protocol === 'https:' || protocol === 'wss:'

/** Reason why a connection failed, as a sentence for the user. */
export function reasonOf(error: Error & { readonly code?: string }): string {
  const { code = '', message } = error
  if (/CERT|UNABLE_TO_|ALTNAME/.test(code))
    return `its certificate is not trusted (${message.split(';')[0]}); if the server is your own, add --insecure`
  if (code.endsWith('NO_APPLICATION_PROTOCOL')) return NO_HTTP2
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return 'it sends no valid TLS; if the server has no TLS at this port, write http: or ws:'
  return message
}

/** Reason why a connection cannot be used for HTTP/2. */
export const NO_HTTP2 = 'the server has no HTTP/2; leave out --http2'

/** Hint for a plain connection that a server with TLS may have refused; empty if there is no reason for one. */
export const tlsHint = (url: URL): string => (isSecure(url) ? '' : '; if the server expects TLS, write https: or wss:')

/** A status as the end of a sentence. Many servers with TLS send 400 to a client without TLS. */
export const refusal = (status: number, expected: number, url: URL): string =>
  `returned the status ${status} instead of ${expected}${status === 400 ? tlsHint(url) : ''}`

export function requestText(
  method: string,
  { host, pathname, search }: URL,
  fields: Readonly<Record<string, string | number>>,
  { headers }: Connecting,
  body = '',
): string {
  const all = Object.entries(withHeaders({ Host: host, ...fields }, headers))
  return `${method} ${pathname}${search} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** Fields with those of --header, which replace others of the same name. */
export function withHeaders(
  fields: Readonly<Record<string, string | number>>,
  headers: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | number>> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const others = Object.entries(fields).filter(([name]) => !given.has(name.toLowerCase()))
  return { ...Object.fromEntries(others), ...headers }
}
