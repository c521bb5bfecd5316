/** The adapter for Socket.IO with the server of Socket.IO. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import type { ServerOptions } from 'socket.io'
import { describe, expect, onTestFinished, test } from 'vitest'
import { markOf } from './adapter.ts'
import type { ComparedConnection, ComparedServer } from './adapter.ts'
import { socketIo } from './adapters/socket-io.ts'
import { readOptions } from './options.ts'
import { probe } from './probe.ts'
import { until } from '../until.ts'

describe.each(['websocket', 'polling'])('over %s, a client of Socket.IO', (transport) => {
  test('delivers all messages to all clients in their order, and counts bytes and requests', async () => {
    const { url } = await serve()
    const clients = await Promise.all([1, 2, 3].map(() => open(target(transport, url))))
    const marks = Array.from({ length: 20 }, (_, i) => markOf('a', i))
    const [first] = clients
    for (const mark of marks) first?.connection.send?.(mark)
    await until('all clients have all messages', () => clients.every(({ texts }) => texts.length === marks.length))
    for (const { texts } of clients) expect(texts.map((text) => socketIo.match(text))).toEqual(marks)
    const { bytesUp = 0, bytesDown = 0, requests = 0 } = first?.connection.usage?.() ?? {}
    expect(bytesUp).toBeGreaterThan(400)
    expect(bytesDown).toBeGreaterThan(400)
    expect(requests).toBeGreaterThanOrEqual(transport === 'websocket' ? 1 : 4)
  })

  test('responds to pings, without which the server would disconnect it', async () => {
    const { url, io } = await serve({ pingInterval: 30, pingTimeout: 1000 })
    let pongs = 0
    io.engine.on('connection', (socket) =>
      socket.on('packet', ({ type }: { type: string }) => (pongs += Number(type === 'pong'))),
    )
    const { failures } = await open(target(transport, url))
    await until('the server has three responses', () => pongs >= 3)
    expect(failures).toEqual([])
  })

  test('joins the namespace in the path, and sends a payload that is an array as the event that it names', async () => {
    const { url, io } = await serve()
    io.of('/chat room').on('connection', (socket) =>
      socket.on('chat message', (text: unknown) => io.of('/chat room').emit('chat message', text)),
    )
    const { connection, texts } = await open(target(transport, new URL('/chat room', url)))
    connection.send?.('["chat message", {"text": "~a.1~"}]')
    await until('the event has arrived', () => texts.length > 0)
    expect(texts).toEqual(['["chat message",{"text":"~a.1~"}]'])
  })

  test('fails with a reason if the namespace does not exist, or if the server ends the connection', async () => {
    const { url, io } = await serve()
    await expect(open(target(transport, new URL('/none', url)))).rejects.toThrow(
      'the server refused the namespace: /none,{"message":"Invalid namespace"}',
    )
    const { failures } = await open(target(transport, url))
    io.disconnectSockets()
    await until('the client has noticed it', () => failures.length > 0)
    expect(failures).toEqual(['the server disconnected the client'])
  })

  test('fails with a reason if the server has no Socket.IO', async () => {
    const server = createServer((_request, response) => response.end('<!doctype html>'))
    const url = await listen(server)
    const trouble = transport === 'polling' ? 'no Socket.IO: "<!doctype html>"' : 'status 200 instead of 101'
    await expect(open(target(transport, url))).rejects.toThrow(trouble)
  })

  test('passes the check before a measurement', async () => {
    const { url } = await serve()
    const options = readOptions(['--adapter', 'socket.io', '--url', url.href])
    if (!options) throw new Error('There are no options.')
    await probe(socketIo, options, target(transport, url))
  })
})

interface Opened {
  readonly connection: ComparedConnection
  readonly texts: readonly string[]
  readonly failures: readonly string[]
}

/** Resolves when the client can receive messages. */
async function open(target: ComparedServer): Promise<Opened> {
  const live = Promise.withResolvers<void>()
  const texts: string[] = []
  const failures: string[] = []
  const connection = socketIo.connect(target, {
    live: live.resolve,
    received: (text) => texts.push(text),
    failed(why) {
      failures.push(why)
      live.reject(new Error(why))
    },
  })
  onTestFinished(() => connection.close())
  await live.promise
  return { connection, texts, failures }
}

function target(transport: string, url: URL): ComparedServer {
  return { transport, url, publishUrl: url, run: 'a', intervalMs: 1000, waitS: 25 }
}

/** Starts a server that sends each event `message` to all clients. */
async function serve(options: Partial<ServerOptions> = {}): Promise<{ readonly url: URL; readonly io: Server }> {
  const server = createServer()
  const io = new Server(server, options)
  io.on('connection', (socket) => socket.on('message', (text: unknown) => io.emit('message', text)))
  onTestFinished(() => io.close())
  return { url: await listen(server), io }
}

async function listen(server: ReturnType<typeof createServer>): Promise<URL> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return new URL(`http://127.0.0.1:${port}`)
}
