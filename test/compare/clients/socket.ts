/** A TCP or TLS connection, and the text of an HTTP request. */
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { NetworkUsage } from '../adapter.ts'

/** Connects to the host and the port of an http, https, ws or wss address. */
export function openSocket({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '')
  const isSecure = protocol === 'https:' || protocol === 'wss:'
  const to = { host, port: Number(port) || (isSecure ? 443 : 80) }
  const socket = isSecure
    ? connectTls({ ...to, servername: host, ALPNProtocols: ['http/1.1'] })
    : connectPlain({ ...to, noDelay: true })
  // A write before the connection is up is queued, and `socket.write` needs no wait for it.
  return socket.setNoDelay(true)
}

/** Bytes that the socket has sent and received. Bytes that wait in this process do not count as sent. */
export const bytesOf = (socket: Socket): Omit<NetworkUsage, 'requests'> => ({
  bytesUp: socket.bytesWritten - socket.writableLength,
  bytesDown: socket.bytesRead,
})

export function requestText(
  method: string,
  { host, pathname, search }: URL,
  fields: Readonly<Record<string, string | number>>,
  body = '',
): string {
  const lines = Object.entries({ Host: host, ...fields }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
