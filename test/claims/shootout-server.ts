/**
 * The simplest WebSocket server with a broadcast, by the protocol of websocket-shootout: it sends a message of type
 * `broadcast` to every client, and then a `broadcastResult` to the publisher. It sends its port to its parent process.
 */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listenForParent } from './listen-for-parent.ts'

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })

sockets.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { payload }: { payload: unknown } = JSON.parse(data.toString())
    const message = JSON.stringify({ type: 'broadcast', payload })
    for (const client of sockets.clients) client.send(message)
    socket.send(JSON.stringify({ type: 'broadcastResult', payload }))
  })
})

await listenForParent(server)
