/** The server's side: finds clients that are gone silently, and closes all sockets when the server stops. */
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'
import { takeUpgrade } from '#server/upgrade.ts'

const HEARTBEAT_MS = 15_000

/** The close code that means: this server stops, and a new one will start. */
const SERVICE_RESTART = 1012

export const ws: Transport = {
  serve(app, feed) {
    const handshakes = new WebSocketServer({ noServer: true })
    const sockets = new Set<WebSocket>()

    app.get('/feed/:room/ws', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const { cursor } = await feed.since(room, await startOf(feed, room, request.query), 0)
      const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, wire, head, (socket) => {
        socket.send(JSON.stringify({ type: 'connected', message: 'WebSocket connected', room, cursor }))
        const stop = feed.follow(
          room,
          cursor,
          ({ events }) => events.forEach((event) => socket.send(JSON.stringify(event))),
          () => socket.terminate(),
        )
        const stopHeart = heartbeat(socket)
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          stop()
          stopHeart()
          sockets.delete(socket)
        })
      })
    })

    return () => {
      for (const socket of sockets) socket.close(SERVICE_RESTART)
    }
  },
}

/** Sends pings. A client without a pong before the next ping is terminated. Returns a function that stops it. */
function heartbeat(socket: WebSocket): () => void {
  let isAnswered = true
  socket.on('pong', () => (isAnswered = true))
  const timer = setInterval(() => {
    if (!isAnswered) return socket.terminate()
    isAnswered = false
    socket.ping()
  }, HEARTBEAT_MS)
  return () => clearInterval(timer)
}
