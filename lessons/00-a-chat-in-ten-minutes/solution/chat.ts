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
  socket.on('close', () => clients.delete(socket))
  // Without a listener for errors, one client that breaks the rules of WebSocket ends the whole process.
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const text = String(data)
    if (!isMessage(text)) return
    for (const client of clients) client.send(text)
  })
})

server.listen(Number(process.env['PORT'] ?? 4100))

/** True if the text is JSON for an object whose `username` and `message` are texts. */
function isMessage(text: string): boolean {
  try {
    const { username, message } = JSON.parse(text)
    return typeof username === 'string' && typeof message === 'string'
  } catch {
    return false
  }
}
