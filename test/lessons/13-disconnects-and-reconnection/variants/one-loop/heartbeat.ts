/** One timer for all sockets. A set holds the sockets that have not responded to a ping. */
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'
import { takeUpgrade } from '#server/upgrade.ts'

export const ws: Transport = {
  serve(app, feed) {
    const server = new WebSocketServer({ noServer: true, clientTracking: true })
    const asked = new Set<WebSocket>()

    const timer = setInterval(() => {
      for (const socket of server.clients) {
        if (asked.has(socket)) {
          socket.terminate()
          continue
        }
        asked.add(socket)
        socket.ping('are you there?')
      }
    }, 20_000)

    app.get('/feed/:room/ws', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const { cursor } = await feed.since(room, await startOf(feed, room, request.query), 0)
      const upgrade = takeUpgrade(request, reply)
      server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => {
        socket.send(JSON.stringify({ type: 'connected', room, cursor }))
        const stop = feed.follow(
          room,
          cursor,
          ({ events }) => {
            for (const event of events) socket.send(JSON.stringify(event))
          },
          () => socket.terminate(),
        )
        socket.on('error', () => socket.terminate())
        // Every message shows that the client is there.
        for (const sign of ['pong', 'message'] as const) socket.on(sign, () => asked.delete(socket))
        socket.once('close', () => {
          stop()
          asked.delete(socket)
        })
      })
    })

    return () => {
      clearInterval(timer)
      for (const socket of server.clients) socket.close(1001, 'The server goes.')
    }
  },
}
