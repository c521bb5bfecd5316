/**
 * Server as tutorials show it, with all four transports: it delivers the body of each POST as it is. It knows only the
 * latest update and has no cursor. It listens on a free port, and sends the port to the process that started it.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { WebSocketServer } from 'ws'
import { listenForParent } from './listen-for-parent.ts'

const streams = new Set<ServerResponse>()
const held = new Set<ServerResponse>()
let latest = ''
let version = 0
/** Version that was last sent over each connection, so that a poll without news gets an empty response. */
const sent = new WeakMap<Socket, number>()

const server = createServer((request, response) => {
  if (request.method === 'POST') return void publish(request, response)
  if (request.url === '/sse') return openStream(response)
  if (request.url === '/long-poll') return hold(response)
  if (sent.get(request.socket) === version) return void response.writeHead(204).end()
  sent.set(request.socket, version)
  send(response, version === 0 ? '[]' : latest)
})
// As in nginx. By Node's default of 5 s, a client that polls seldom would need a new connection each time.
server.keepAliveTimeout = 75_000
const sockets = new WebSocketServer({ server, path: '/ws', perMessageDeflate: false })

await listenForParent(server)

async function publish(request: IncomingMessage, response: ServerResponse): Promise<void> {
  latest = await text(request)
  version += 1
  for (const stream of streams) stream.write(`data: ${latest}\n\n`)
  for (const socket of sockets.clients) socket.send(latest)
  for (const waiting of held) send(waiting, latest)
  held.clear()
  response.writeHead(204).end()
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).flushHeaders()
  streams.add(response)
  response.on('close', () => streams.delete(response))
}

function hold(response: ServerResponse): void {
  held.add(response)
  response.on('close', () => held.delete(response))
}

function send(response: ServerResponse, body: string): void {
  const fields = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
  response.writeHead(200, fields).end(body)
}
