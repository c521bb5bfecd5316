/** Fastify serves the page, a class keeps the clients, and each message is written anew. */
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

class Chat {
  #clients: WebSocket[] = []

  get size(): number {
    return this.#clients.length
  }

  enter(socket: WebSocket): void {
    this.#clients.push(socket)
    socket.onerror = () => {}
    socket.onclose = () => (this.#clients = this.#clients.filter((one) => one !== socket))
    socket.onmessage = ({ data }) => this.#say(String(data))
  }

  #say(text: string): void {
    let said
    try {
      said = JSON.parse(text)
    } catch {
      return
    }
    if (typeof said?.username !== 'string' || typeof said?.message !== 'string') return
    const { username, message } = said
    this.#clients.forEach((client) => client.send(JSON.stringify({ username, message, at: Date.now() })))
  }
}

const chat = new Chat()
const app = Fastify()
app.get('/people', async () => chat.size)
app.get('/', async (_request, reply) =>
  reply.type('text/html').send(readFileSync(new URL('page.html', import.meta.url))),
)
new WebSocketServer({ server: app.server }).on('connection', (socket) => chat.enter(socket))
await app.listen({ port: Number(process.env['PORT']) })
