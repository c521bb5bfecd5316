/** Server as tutorials show it: a list of responses and a list of WebSockets, and a loop that writes to each. */
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'

const streams = new Set<ServerResponse>()
const server = createServer((request, response) => {
  if (request.url === '/sse') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    response.write(': welcome\n\n')
    streams.add(response)
    request.on('close', () => streams.delete(response))
    return
  }
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    for (const stream of streams) stream.write(`data: ${body}\n\n`)
    for (const socket of sockets.clients) socket.send(body)
    response.end('{}')
  })
})
const sockets = new WebSocketServer({ server, path: '/ws' })
sockets.on('connection', (socket) => socket.send('welcome'))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : undefined)
})
