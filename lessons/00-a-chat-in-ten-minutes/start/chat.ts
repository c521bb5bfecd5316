/** The plain chat: a page with a name and a text, and a server that sends each message on to everybody. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

/** Everybody who is connected now. */
const clients = new Set<WebSocket>()

/** The page, and `curl localhost:4100/people`: the number of connected clients. */
const server = createServer(async ({ url }, response) => {
  if (url === '/people') return response.end(String(clients.size))
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(await readFile(new URL('page.html', import.meta.url)))
})

const chat = new WebSocketServer({ server })

chat.on('connection', (socket) => {
  clients.add(socket)
  // Without a listener for errors, one client that breaks the rules of WebSocket ends the whole process.
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const text = String(data)
    // TODO 1: send the text to every client.
    // TODO 2: but ignore a text that is no message. A message is JSON: {"username":"Ada","message":"hello"}.
  })
  // TODO 3: when this client is gone, remove it from the clients.
})

server.listen(Number(process.env['PORT'] ?? 4100))
