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

const beating = new Set<WebSocket>()
let isAnswered = true

setInterval(() => {
  if (!isAnswered) for (const socket of beating) socket.terminate()
  isAnswered = beating.size === 0
  for (const socket of beating) socket.ping()
}, HEARTBEAT_MS)

/** Pings; who has not answered by the next time is gone. Answers what stops it. */
function heartbeat(socket: WebSocket): () => void {
  beating.add(socket)
  socket.on('pong', () => (isAnswered = true))
  return () => beating.delete(socket)
}
