import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket as Socket } from 'ws'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ComparedConnection, ClientListener } from './adapter.ts'
import { markIn } from './adapter.ts'
import { createExchange } from './clients/exchange.ts'
import { openPoll } from './clients/poll.ts'
import { createResponseReader } from './clients/response.ts'
import { openStream } from './clients/stream.ts'
import { openWebSocket } from './clients/web-socket.ts'

describe('the reader of responses', () => {
  const RESPONSES =
    'HTTP/1.1 100 Continue\r\n\r\n' +
    'HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n' +
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;name=value\r\nfir\r\n2\r\nst\r\n0\r\nTrailer: x\r\n\r\n' +
    'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'

  test.each([1, 2, 3, 7, 1000])('finds all responses if they arrive in pieces of %i bytes', (size) => {
    const found: { status: number; body: string; ended: boolean }[] = []
    const read = createResponseReader({
      head: ({ status }) => found.push({ status, body: '', ended: false }),
      body: (bytes) => Object.assign(found.at(-1) ?? {}, { body: found.at(-1)?.body + bytes.toString() }),
      end: () => Object.assign(found.at(-1) ?? {}, { ended: true }),
    })
    const bytes = Buffer.from(RESPONSES)
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size))
    expect(found).toEqual([
      { status: 204, body: '', ended: true },
      { status: 200, body: 'hello', ended: true },
      { status: 200, body: 'first', ended: true },
      { status: 404, body: '', ended: true },
    ])
  })

  test('takes the bytes after a 101 for the body, even if its length is 0', () => {
    let body = ''
    const read = createResponseReader({ head() {}, body: (bytes) => (body += bytes.toString()), end() {} })
    read(Buffer.from('HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\nframe'))
    expect(body).toBe('frame')
  })

  test('refuses bytes that are not HTTP', () => {
    const read = createResponseReader({ head() {}, body() {}, end() {} })
    expect(() => read(Buffer.from('220 smtp.example ESMTP\r\n'))).toThrow('the response is no HTTP/1.1: "220 smtp')
  })
})

describe('a stream', () => {
  test('delivers the data of each server-sent event, no matter how its bytes are split', async () => {
    const text = 'id: 1\r\ndata: Grüße\r\n\r\n: comment\n\ndata:a\ndata: b\n\n'
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte))
    })
    expect(await received(2, (client) => openStream(url, client))).toEqual(['Grüße', 'a\nb'])
  })

  test('delivers each line of a response that arrives in pieces', async () => {
    const url = await serve((_request, response) => response.write('{"a":1}\n{"b"') && response.write(':2}\n'))
    expect(await received(2, (client) => openStream(url, client))).toEqual(['{"a":1}', '{"b":2}'])
  })

  test('fails with the status if the server refuses the request', async () => {
    const url = await serve((_request, response) => response.writeHead(503).end())
    await expect(received(1, (client) => openStream(url, client))).rejects.toThrow('GET /feed returned the status 503')
  })

  test('has the last id as its cursor, and sends a given cursor as Last-Event-ID', async () => {
    const asked: (string | undefined)[] = []
    const url = await serve((request, response) => {
      asked.push(request.headers['last-event-id']?.toString())
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('id: 7\n\nid: 8\ndata: a\n\ndata: b\n\n')
    })
    const cursors: unknown[] = []
    for (const cursor of [undefined, '8']) {
      await received(2, (client) => {
        const connection = openStream(url, client, cursor)
        return { close: () => (cursors.push(connection.cursor?.()), connection.close()) }
      })
    }
    expect({ asked, cursors }).toEqual({ asked: [undefined, '8'], cursors: ['8', '8'] })
  })

  test('reads nothing while it is paused', async () => {
    const url = await serve((_request, response) => response.write('first\n'))
    const texts: string[] = []
    const arrived = Promise.withResolvers<void>()
    const connection = openStream(url, {
      live() {},
      received: (text) => void (texts.push(text), arrived.resolve()),
      failed: (why) => arrived.reject(new Error(why)),
    })
    onTestFinished(() => connection.close())
    connection.pause?.()
    // Another client gets its bytes, which were sent later.
    await received(1, (client) => openStream(url, client))
    expect(texts).toEqual([])
    connection.resume?.()
    await arrived.promise
    expect(texts).toEqual(['first'])
  })

  test('counts the bytes of both directions', async () => {
    const url = await serve((_request, response) => response.write('data\n'))
    const opened = Promise.withResolvers<ComparedConnection>()
    await received(1, (client) => {
      const connection = openStream(url, client)
      opened.resolve(connection)
      return connection
    })
    const usage = (await opened.promise).usage?.()
    expect(usage?.requests).toBe(1)
    expect(usage?.bytesUp).toBeGreaterThan(50)
    expect(usage?.bytesDown).toBeGreaterThan(50)
  })
})

describe('a poll', () => {
  test('sends the cursor of the last response with the next request', async () => {
    const asked: string[] = []
    const url = await serve((request, response) => {
      asked.push(request.url ?? '')
      response.end(JSON.stringify({ events: [{ n: asked.length }, 'text'], cursor: `c${asked.length}` }))
    })
    const address = (cursor: string | null) => new URL(`?after=${cursor ?? 0}`, url)
    const polling = { address, pauseMs: 1, hasCursor: true, match: markIn }
    expect(await received(4, (client) => openPoll(polling, client))).toEqual(['{"n":1}', 'text', '{"n":2}', 'text'])
    expect(asked.slice(0, 2)).toEqual(['/feed?after=0', '/feed?after=c1'])
  })

  test('starts at a given cursor, and returns the cursor of the last response', async () => {
    const asked: string[] = []
    const url = await serve((request, response) => {
      asked.push(request.url ?? '')
      response.end(JSON.stringify({ events: ['text'], cursor: 'c9' }))
    })
    const address = (cursor: string | null) => new URL(`?after=${cursor ?? 0}`, url)
    const polling = { address, pauseMs: 1, hasCursor: true, match: markIn }
    let cursor: string | null | undefined
    await received(2, (client) => {
      const connection = openPoll(polling, client, 'c5')
      return { close: () => ((cursor = connection.cursor?.()), connection.close()) }
    })
    expect({ first: asked[0], cursor }).toEqual({ first: '/feed?after=c5', cursor: 'c9' })
  })

  test('fails with the start of the response if it is no JSON', async () => {
    const url = await serve((_request, response) => response.end('<!doctype html>'))
    const polling = { address: () => url, pauseMs: 1, hasCursor: false, match: markIn }
    await expect(received(1, (client) => openPoll(polling, client))).rejects.toThrow(
      'the response is no JSON: "<!doctype html>"',
    )
  })

  test('skips messages that the endpoint repeats if it has no cursor', async () => {
    let polls = 0
    const url = await serve((_request, response) => {
      polls += 1
      response.end(JSON.stringify(['~a.1~', `~a.${polls}~`]))
    })
    const polling = { address: () => url, pauseMs: 1, hasCursor: false, match: markIn }
    expect(await received(3, (client) => openPoll(polling, client))).toEqual(['~a.1~', '~a.2~', '~a.3~'])
  })

  test('opens a new connection if the server has closed the old one', async () => {
    const url = await serve((_request, response) => response.setHeader('connection', 'close').end('[]'))
    const exchange = createExchange()
    onTestFinished(() => exchange.close())
    expect((await exchange.ask('GET', url)).status).toBe(200)
    expect((await exchange.ask('GET', url)).status).toBe(200)
    expect(exchange.usage.requests).toBe(2)
  })

  test.each([
    ['has HTTP/1.0 and a length', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]'],
    ['has HTTP/1.0 and no length', 'HTTP/1.0 200 OK\r\n\r\n[]'],
    ['has HTTP/1.1 and ends with its connection', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[]'],
  ])('reads a response that %s, and then asks again over a new connection', async (_what, response) => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.end(response)))
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const exchange = createExchange()
    onTestFinished(() => exchange.close())
    for (const _ of [1, 2])
      expect(await exchange.ask('GET', new URL(`http://127.0.0.1:${port}/`))).toMatchObject({ status: 200, text: '[]' })
  })
})

describe('a WebSocket', () => {
  test.each([5, 125, 126, 65_535, 65_536])('sends and receives messages of %i bytes', async (size) => {
    const url = await serveSockets((socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    )
    const text = 'x'.repeat(size)
    const texts = await received(1, (client) => {
      const connection = openWebSocket(url, { ...client, live: () => connection.send(text) })
      return connection
    })
    expect(texts).toEqual([text])
  })

  test('answers a ping, and joins the fragments of a message', async () => {
    const url = await serveSockets((socket) => {
      socket.ping('hello')
      socket.on('pong', (data) => {
        socket.send('first ', { fin: false })
        socket.send(data, { fin: true })
      })
    })
    expect(await received(1, (client) => openWebSocket(url, client))).toEqual(['first hello'])
  })

  test('fails with the close code of the server', async () => {
    const url = await serveSockets((socket) => socket.close(4001))
    await expect(received(1, (client) => openWebSocket(url, client))).rejects.toThrow('with the code 4001')
  })
})

/** Resolves with the first texts, and then closes the connection. Rejects if the connection fails. */
async function received(count: number, open: (client: ClientListener) => ComparedConnection): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>()
  const texts: string[] = []
  const connection = open({
    live() {},
    received: (text) => texts.push(text) === count && resolve(texts.slice(0, count)),
    failed: (why) => reject(new Error(why)),
  })
  return promise.finally(() => connection.close())
}

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://127.0.0.1:${portOf(server.address())}/feed`)
}

async function serveSockets(onSocket: (socket: Socket) => void): Promise<URL> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }).on('connection', onSocket)
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => server.close())
  return new URL(`ws://127.0.0.1:${portOf(server.address())}`)
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' ? (address?.port ?? 0) : 0
