import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

const page = readFileSync(new URL('../start/page.html', import.meta.url), 'utf8')

const app = Fastify()
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
const chat = new WebSocketServer({ server: app.server })
await app.listen({ port: 4300 })

chat.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = String(data)
    for (const client of chat.clients) client.send(text)
  })
})
