/** The raw clients over TLS and over HTTP/2. The certificate is not signed by an authority. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttp2Server, createSecureServer as createSecureHttp2Server } from 'node:http2'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { markIn } from './adapter.ts'
import type { ClientListener, ComparedConnection } from './adapter.ts'
import { openPoll } from './clients/poll.ts'
import { post } from './clients/post.ts'
import type { Connecting } from './clients/socket.ts'
import { openStream } from './clients/stream.ts'
import { openWebSocket } from './clients/web-socket.ts'
import { makeCertificate } from '../proxy/proxy.ts'
import { until } from '../until.ts'

const INSECURE: Connecting = { isInsecure: true }
const HTTP2: Connecting = { isInsecure: true, isHttp2: true }

let certificate: { readonly cert: string; readonly key: string }
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-tls-'))
  await makeCertificate(folder)
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  certificate = { cert: await read('cert.pem'), key: await read('cert.key') }
  await rm(folder, { recursive: true })
})

type Open = (origin: string, client: ClientListener, connecting: Connecting) => ComparedConnection

const stream: Open = (origin, client, connecting) =>
  openStream(new URL('/events', origin), client, undefined, connecting)
const poll: Open = (origin, client, connecting) => {
  const polling = { address: () => new URL('/poll', origin), pauseMs: 1, hasCursor: false, match: markIn }
  return openPoll(polling, client, null, connecting)
}
const webSocket: Open = (origin, client, connecting) =>
  openWebSocket(new URL(origin.replace('http', 'ws')), client, connecting)

describe.each([
  ['stream', stream],
  ['poll', poll],
  ['WebSocket', webSocket],
])('a %s', (_name, open) => {
  test('counts the encrypted bytes that cross the wire', async () => {
    const relay = await relayTo(await serve(createSecureServer(certificate, respond)))
    const connection = await receive(open, `https://127.0.0.1:${relay.port}`, INSECURE)
    await until('both count the same bytes', () => {
      const { bytesUp = 0, bytesDown = 0 } = connection.usage?.() ?? {}
      return bytesUp === relay.up && bytesDown === relay.down && bytesDown > 500
    })
  })

  test('names --insecure if the certificate is not trusted', async () => {
    const port = await serve(createSecureServer(certificate, respond))
    const why = 'its certificate is not trusted (self-signed certificate); if the server is your own, add --insecure'
    await expect(receive(open, `https://127.0.0.1:${port}`)).rejects.toThrow(why)
  })

  test('proposes an address with TLS if the server expects TLS', async () => {
    const port = await serve(createSecureServer(certificate, respond))
    await expect(receive(open, `http://127.0.0.1:${port}`)).rejects.toThrow(/TLS.* write https: or wss:$/)
  })

  test('proposes an address without TLS if the server has no TLS', async () => {
    const port = await serve(createServer(respond))
    await expect(receive(open, `https://127.0.0.1:${port}`, INSECURE)).rejects.toThrow(/TLS.* write http: or ws:$/)
  })

  test('sends the fields of --header', async () => {
    const fields: string[] = []
    const server = createServer((request, response) => {
      fields.push(request.headers.authorization ?? '', request.headers.host ?? '')
      respond(request, response)
    })
    server.prependListener('upgrade', ({ headers }) => fields.push(headers.authorization ?? '', headers.host ?? ''))
    const port = await serve(server)
    const headers = { Authorization: 'Bearer secret', host: 'chat.example' }
    await receive(open, `http://127.0.0.1:${port}`, { headers })
    expect(fields.slice(0, 2)).toEqual(['Bearer secret', 'chat.example'])
  })
})

describe.each([
  ['stream', stream],
  ['poll', poll],
])('a %s over HTTP/2', (_name, open) => {
  test('counts the encrypted bytes that cross the wire', async () => {
    const relay = await relayTo(await serve(createSecureHttp2Server(certificate, respond)))
    const connection = await receive(open, `https://127.0.0.1:${relay.port}`, HTTP2)
    await until('both count the same bytes', () => {
      const { bytesUp = 0, bytesDown = 0 } = connection.usage?.() ?? {}
      return bytesUp === relay.up && bytesDown === relay.down && bytesDown > 500
    })
  })

  test('needs no TLS', async () => {
    const port = await serve(createHttp2Server(respond))
    await receive(open, `http://127.0.0.1:${port}`, HTTP2)
  })

  test('sends the fields of --header', async () => {
    const fields: string[] = []
    const port = await serve(
      createHttp2Server((request, response) => {
        fields.push(request.headers.authorization ?? '')
        respond(request, response)
      }),
    )
    await receive(open, `http://127.0.0.1:${port}`, { isHttp2: true, headers: { Authorization: 'Bearer secret' } })
    expect(fields[0]).toBe('Bearer secret')
  })

  test.each([
    ['with TLS', (): Server => createSecureServer(certificate, respond), 'https'],
    ['without TLS', (): Server => createServer(respond), 'http'],
  ])('fails with a hint if the server %s has only HTTP/1.1', async (_with, create, protocol) => {
    const port = await serve(create())
    await expect(receive(open, `${protocol}://127.0.0.1:${port}`, HTTP2)).rejects.toThrow(
      /HTTP\/2.*; leave out --http2$/,
    )
  })

  test('proposes an address with TLS if the server expects TLS', async () => {
    const port = await serve(createSecureHttp2Server(certificate, respond))
    await expect(receive(open, `http://127.0.0.1:${port}`, HTTP2)).rejects.toThrow(/TLS.* write https: or wss:$/)
  })

  test('fails if the certificate is not trusted, if the server has no TLS, and if nothing listens', async () => {
    const secure = await serve(createSecureHttp2Server(certificate, respond))
    await expect(receive(open, `https://127.0.0.1:${secure}`, { isHttp2: true })).rejects.toThrow('add --insecure')
    const plain = await serve(createHttp2Server(respond))
    await expect(receive(open, `https://127.0.0.1:${plain}`, HTTP2)).rejects.toThrow('write http: or ws:')
    const closed = createServer()
    const port = await serve(closed)
    closed.close()
    await expect(receive(open, `http://127.0.0.1:${port}`, HTTP2)).rejects.toThrow('ECONNREFUSED')
  })
})

test('a stream over HTTP/2 fails if the server ends the connection', async () => {
  const sockets = new Set<Socket>()
  const server = createHttp2Server(respond).on('connection', (socket: Socket) => sockets.add(socket))
  const port = await serve(server)
  const failed = Promise.withResolvers<string>()
  await receive(stream, `http://127.0.0.1:${port}`, HTTP2, failed.resolve)
  for (const socket of sockets) socket.destroy()
  expect(await failed.promise).toMatch(/the server (?:closed the connection|ended the stream)/)
})

test('a publish over HTTP/2 delivers its body, and fails with the status and the text of a refusal', async () => {
  const port = await serve(
    createHttp2Server(async (request, response) => {
      const body = await bodyOf(request)
      response.writeHead(body === 'no' ? 403 : 200).end(`got ${body}`)
    }),
  )
  const url = new URL(`http://127.0.0.1:${port}/publish`)
  expect((await post(url, 'Grüße', 'text/plain', HTTP2)).text).toBe('got Grüße')
  await expect(post(url, 'no', 'text/plain', HTTP2)).rejects.toThrow('POST /publish returned the status 403: got no')
})

/** Resolves when the connection has received the mark. Rejects if the connection fails before that. */
async function receive(
  open: Open,
  origin: string,
  connecting: Connecting = {},
  afterwards: (why: string) => void = () => {},
): Promise<ComparedConnection> {
  const arrived = Promise.withResolvers<void>()
  const connection = open(
    origin,
    {
      live() {},
      received: (text) => text === '~a.1~' && arrived.resolve(),
      failed(why) {
        arrived.reject(new Error(why))
        afterwards(why)
      },
    },
    connecting,
  )
  onTestFinished(() => connection.close())
  await arrived.promise
  return connection
}

/** `/events` is a stream with one event, and `/poll` a list of one message. */
function respond({ url }: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
  const isStream = url === '/events'
  response.statusCode = 200
  response.setHeader('content-type', isStream ? 'text/event-stream' : 'application/json')
  // The methods of both versions have the same parameters, which the compiler cannot know.
  const either = response as ServerResponse
  if (isStream) either.write('data: ~a.1~\n\n')
  else either.end('["~a.1~"]')
}

async function bodyOf(request: Http2ServerRequest): Promise<string> {
  let body = ''
  for await (const part of request.setEncoding('utf8')) body += part
  return body
}

/** Starts a server at a free port. Each WebSocket receives the mark. */
async function serve(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  const webSockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) =>
    webSockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('~a.1~')),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return port
}

/** Passes bytes on to a server, and counts them. */
async function relayTo(target: number): Promise<{ readonly port: number; readonly up: number; readonly down: number }> {
  const bytes = { up: 0, down: 0 }
  const server = createTcpServer((near) => {
    const far = connect(target, '127.0.0.1')
    near.on('data', ({ length }) => (bytes.up += length)).pipe(far)
    far.on('data', ({ length }) => (bytes.down += length)).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => {})
  })
  const port = await serve(server)
  return Object.assign(bytes, { port })
}
