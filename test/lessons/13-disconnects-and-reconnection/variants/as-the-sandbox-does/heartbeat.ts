/** Counts the pings that got no pong. After the second one, it ends the connection. */
import { WebSocketServer } from 'ws'
import { SERVICE_RESTART, takeUpgrade } from '#server/upgrade.ts'
import { HEARTBEAT_MS, Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

export const ws: Transport = {
  serve(app, feed) {
    const handshakes = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    const goodbyes = new Set<() => void>()

    app.get('/feed/:room/ws', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const { cursor } = await feed.since(room, await startOf(feed, room, request.query), 0)
      const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, wire, head, (socket) => {
        const goodbye = () => socket.close(SERVICE_RESTART, 'The server restarts.')
        goodbyes.add(goodbye)
        socket.on('error', () => socket.terminate())
        socket.send(JSON.stringify({ type: 'connected', message: 'WebSocket connected', room, cursor }))
        const stop = feed.follow(
          room,
          cursor,
          ({ events }) => void events.map((event) => socket.send(JSON.stringify(event))),
          () => socket.terminate(),
        )
        let unanswered = 0
        const beat = () => {
          if (unanswered > 1) return wire.destroy()
          unanswered += 1
          socket.ping()
          timer = setTimeout(beat, HEARTBEAT_MS)
        }
        let timer = setTimeout(beat, HEARTBEAT_MS)
        socket.on('pong', () => (unanswered = 0))
        socket.once('close', () => {
          clearTimeout(timer)
          goodbyes.delete(goodbye)
          stop()
        })
      })
    })

    return () => goodbyes.forEach((goodbye) => goodbye())
  },
}
