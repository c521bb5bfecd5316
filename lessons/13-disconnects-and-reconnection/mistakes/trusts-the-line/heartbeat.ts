/** The server's end: finds the clients that are gone without a word, and tells all when it goes itself. */
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'
import { takeUpgrade } from '#server/upgrade.ts'

const HEARTBEAT_MS = 15_000

/** Close code: this server stops, and another takes its place. */
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

/** Pings; who has not answered by the next time is gone, and would not answer a close either. Answers what stops it. */
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
