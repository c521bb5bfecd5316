import { WebSocketServer } from 'ws'

const chat = new WebSocketServer({ port: 4300 })

chat.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = String(data)
    for (const client of chat.clients) client.send(text)
  })
})
