/** Clients that send the given bytes exactly, and read the response or do not. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface Raw extends AsyncDisposable {
  readonly socket: Socket
  /** Received text, in Latin-1. */
  text(): string
  /** Resolves with the received text when the other end has closed or reset the connection. */
  closed(): Promise<string>
  close(): Promise<void>
}

/** Connects and sends these bytes. If `reads` is false, the kernel keeps the response until the socket is resumed. */
export function raw(port: number, sends: string | Buffer, reads = true): Raw {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => (text += String(chunk)))
  if (!reads) socket.pause()
  socket.write(sends)
  const close = async () => {
    socket.destroy()
    await gone
  }
  return {
    socket,
    text: () => text,
    async closed() {
      await gone
      return text
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Connects and opens a WebSocket. */
export async function rawWebSocket(port: number, path = '/feed/lobby/ws', reads = true): Promise<Raw> {
  const client = raw(port, upgrade(path))
  await once(client.socket, 'data')
  if (!reads) client.socket.pause()
  return client
}

export const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

export const upgrade = (path: string): string =>
  get(
    path,
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  )

export function post(room: string, message: unknown, more = ''): string {
  const body = JSON.stringify(message)
  return `POST /feed/${room} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
}

/** Returns the status code of a received response. */
export const statusOf = (answer: string): number => Number(answer.split(' ')[1])
