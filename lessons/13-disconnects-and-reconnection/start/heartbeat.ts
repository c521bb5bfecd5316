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
        // TODO 5: a ping every HEARTBEAT_MS; who has not answered the last one by then is gone.
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          stop()
          sockets.delete(socket)
        })
      })
    })

    return () => {
      // TODO 6: with which close code do clients know that they should come back?
      for (const socket of sockets) socket.close()
    }
  },
}
