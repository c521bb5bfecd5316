/** Load of the fan-out bench: raw clients that count the messages they receive, and a publisher. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Addresses of one transport on one server. */
export interface LoadTarget {
  readonly subscribe: string
  readonly publish: string
  readonly isSocket?: boolean
  /** For a long poll: the next request carries the response's cursor, or its Last-Modified and Etag. */
  readonly next?: 'cursor' | 'headers'
}

const publish = '/feed/lobby'

/** Addresses of the transports that keep their clients connected. */
export const TARGETS = {
  sse: { subscribe: '/feed/lobby/sse', publish },
  stream: { subscribe: '/feed/lobby/stream', publish },
  ws: { subscribe: '/feed/lobby/ws', publish, isSocket: true },
  'long-poll': { subscribe: '/feed/lobby/long-poll?wait=30', publish, next: 'cursor' },
} as const satisfies Readonly<Record<string, LoadTarget>>

export interface Load extends AsyncDisposable {
  /** Resolves when every client has received this number of further messages. */
  received(count: number): Promise<void>
  /** Returns a sentence about what `received` still waits for. */
  missing(): string
}

export interface LoadPublisher extends AsyncDisposable {
  /** Publishes a burst in one write, and resolves when every client has all of it. Rejects if this takes too long. */
  publish(count: number, load: Load): Promise<void>
}

/** In each message once, and in no head and no length of a frame (126 is "~"). */
const MARK = '@'.charCodeAt(0)
const BODY = JSON.stringify({ user: 'Ada', text: `@${'x'.repeat(80)}` })

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

/** Empty frames. The frame of a client is masked, here with zeros. */
const PING = Buffer.from([0x89, 0])
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])

/** Number of clients that connect at the same time. */
const CONNECTING = 50

/** Longest time for one step: to open a client, or to deliver a burst to all of them. */
const DEADLINE_MS = 30_000

export async function openClients(port: number, target: LoadTarget, clients: number): Promise<Load> {
  let missing = 0
  let awaited = Promise.withResolvers<void>()
  const count = (messages: number): void => {
    missing -= messages
    if (missing === 0) awaited.resolve()
    if (missing < 0) awaited.reject(new Error('The clients have received more messages than were published.'))
  }
  const open = target.next ? await poller(port, target, count) : () => follow(port, target, count)
  const sockets: Socket[] = []
  while (sockets.length < clients)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(CONNECTING, clients - sockets.length) }, open))))
  return {
    received(messages) {
      missing += messages * clients
      awaited = Promise.withResolvers()
      return awaited.promise
    },
    missing() {
      const closed = sockets.filter((socket) => socket.closed).length
      return `${missing} deliveries are missing, and ${closed} of ${clients} clients have lost their connection.`
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

export async function openPublisher(port: number, { publish: path }: LoadTarget): Promise<LoadPublisher> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let latest = 'no response'
  socket.on('data', (bytes: Buffer) => (latest = statusLineOf(bytes) ?? latest))
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
  const request = `${head}Content-Length: ${BODY.length}\r\n\r\n${BODY}`
  return {
    async publish(count, load) {
      const received = load.received(count)
      socket.write(request.repeat(count))
      await inTime(received, () => `${load.missing()} The latest response to the publisher is: ${latest}`)
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
    },
  }
}

/** Opens a stream or a WebSocket. Resolves when the head of its response has arrived. */
async function follow(
  port: number,
  { subscribe, isSocket }: LoadTarget,
  count: (messages: number) => void,
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET ${subscribe} HTTP/1.1\r\nHost: localhost\r\n${isSocket ? UPGRADE : 'Accept: text/event-stream\r\n'}\r\n`,
  )
  const [head] = await inTime(once(socket, 'data'), () => `${subscribe} has sent no response.`)
  const status = statusLineOf(head)
  if (!/ (?:101|200) /.test(status ?? '')) throw new Error(`${subscribe} has refused a client: ${status}`)
  socket.on('data', (bytes: Buffer) => {
    // The server drops a WebSocket that does not answer two pings.
    if (isSocket && bytes.includes(PING)) socket.write(PONG)
    const messages = marksIn(bytes)
    if (messages > 0) count(messages)
  })
  return socket
}

/** Returns a function that opens a client which polls again after each response. */
async function poller(
  port: number,
  target: LoadTarget,
  count: (messages: number) => void,
): Promise<() => Promise<Socket>> {
  const start = target.next === 'cursor' ? await cursorOf(port, target.subscribe) : await fieldsOf(port, target)
  const ask = (position: string): string => {
    const [path, fields] =
      target.next === 'cursor' ? [`${target.subscribe}&after=${position}`, ''] : [target.subscribe, position]
    return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`
  }
  return async () => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(ask(start))
    let position = start
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      for (let end = endOf(text); end > 0; end = endOf(text)) {
        const response = text.slice(0, end)
        text = text.slice(end)
        // A response without messages has no cursor.
        position = positionIn(response, target) || position
        // The next request leaves before the count, because the last count may end the measurement.
        socket.write(ask(position))
        count(response.split('@').length - 1)
      }
    })
    return socket
  }
}

async function cursorOf(port: number, path: string): Promise<string> {
  const { cursor } = await (await fetch(`http://127.0.0.1:${port}${path.replace('long-poll?wait=30', 'poll')}`)).json()
  return cursor
}

/** Publishes a message without a mark to nchan, so that the channel exists, and returns its position. */
async function fieldsOf(port: number, { subscribe, publish }: LoadTarget): Promise<string> {
  await fetch(`http://127.0.0.1:${port}${publish}`, { method: 'POST', body: 'start' })
  const { headers } = await fetch(`http://127.0.0.1:${port}${subscribe}`)
  return `If-Modified-Since: ${headers.get('last-modified')}\r\nIf-None-Match: ${headers.get('etag')}\r\n`
}

function positionIn(response: string, { next }: LoadTarget): string {
  if (next === 'cursor') return /"cursor":"([^"]*)"/.exec(response)?.[1] ?? ''
  const field = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'im').exec(response)?.[1] ?? ''
  return `If-Modified-Since: ${field('last-modified')}\r\nIf-None-Match: ${field('etag')}\r\n`
}

/** Returns the length of the first response, or 0 if it is not complete. */
function endOf(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return 0
  const end = headEnd + 4 + Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0)
  return text.length < end ? 0 : end
}

function marksIn(bytes: Buffer): number {
  let marks = 0
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) marks += 1
  return marks
}

const statusLineOf = (bytes: Buffer): string | undefined => /^HTTP\/1\.1 .*/m.exec(bytes.toString('latin1'))?.[0].trim()

/** Resolves with the value. Rejects with an error of this text if the value does not come before the deadline. */
async function inTime<T>(value: Promise<T>, text: () => string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`After ${DEADLINE_MS / 1000} s: ${text()}`)), DEADLINE_MS)
  return Promise.race([value, late.promise]).finally(() => clearTimeout(timer))
}
