import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const page = readFileSync(new URL('../start/page.html', import.meta.url))

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(page)
})
const chat = new WebSocketServer({ server })
server.listen(4300)

chat.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = String(data)
    for (const client of chat.clients) client.send(text)
  })
})
