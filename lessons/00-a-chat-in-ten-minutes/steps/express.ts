import { readFileSync } from 'node:fs'
import express from 'express'
import { WebSocketServer } from 'ws'

const page = readFileSync(new URL('../start/page.html', import.meta.url), 'utf8')

const app = express()
app.get('/', (_request, response) => void response.type('html').send(page))
const server = app.listen(4300)
const chat = new WebSocketServer({ server })

chat.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = String(data)
    for (const client of chat.clients) client.send(text)
  })
})
