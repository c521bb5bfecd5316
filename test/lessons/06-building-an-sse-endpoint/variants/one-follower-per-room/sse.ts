/** The classic structure: a set of clients for each room, and one follower of the feed that writes to all of them. */
import type { ServerResponse } from 'node:http'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

interface Room {
  readonly clients: Set<ServerResponse>
  readonly stop: () => void
}

export const sse: Transport = {
  serve(app, feed) {
    const rooms = new Map<string, Room>()

    app.get('/feed/:room/sse', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room: name } = request.params
      const now = await feed.since(name, undefined, 0)
      const stream = reply.hijack().raw
      stream.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
      stream.flushHeaders()
      const { clients, stop } = rooms.get(name) ?? open(name, now.cursor)
      clients.add(stream)
      request.raw.socket.on('close', () => {
        clients.delete(stream)
        if (clients.size > 0) return
        stop()
        rooms.delete(name)
      })
    })

    return () => {
      for (const { clients } of rooms.values()) for (const stream of clients) stream.end()
    }

    function open(name: string, cursor: string): Room {
      const clients = new Set<ServerResponse>()
      const broadcast = ({ events }: PollAnswer) => {
        const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
        for (const client of clients) client.write(text)
      }
      const stop = feed.follow(name, cursor, broadcast, () => {
        for (const client of clients) client.destroy()
      })
      const room = { clients, stop }
      rooms.set(name, room)
      return room
    }
  },
}
