/** The classic structure: a set of clients for each room, and one follower of the feed that writes to all of them. */
import type { ServerResponse } from 'node:http'
import { isCursor } from '#server/feed/feed.ts'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

interface Room {
  readonly clients: Set<ServerResponse>
  /** Cursor up to which the clients have everything. */
  cursor: string
  stop: () => void
}

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-transform, no-store',
  'X-Accel-Buffering': 'no',
}

export const sse: Transport = {
  serve(app, feed) {
    const rooms = new Map<string, Room>()

    app.get('/feed/:room/sse', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room: name } = request.params
      const position = request.headers['last-event-id']?.toString() ?? request.query.after
      const from = position !== undefined && isCursor(position) ? { after: position } : request.query
      const after = position !== undefined && !isCursor(position) ? position : await startOf(feed, name, from)
      const start = await feed.since(name, after, 0)
      const stream = reply.raw
      if (stream.destroyed) return reply
      reply.hijack()
      stream.writeHead(200, HEADERS)
      stream.flushHeaders()
      if (start.gap) stream.write('event: gap\ndata: 1\n\n')
      const room = rooms.get(name) ?? open(name, start.cursor)
      // Reads what the others have already. When this client has the same, it joins them in the same turn.
      for (let at = start.cursor; at !== room.cursor && !stream.destroyed;) {
        const missed = await feed.since(name, at, 500)
        if (missed.events.length > 0) stream.write(textOf(missed))
        at = missed.cursor
      }
      const leave = () => {
        room.clients.delete(stream)
        if (room.clients.size > 0) return
        room.stop()
        if (rooms.get(name) === room) rooms.delete(name)
      }
      if (stream.destroyed) return leave()
      room.clients.add(stream)
      request.raw.socket.on('close', leave)
    })

    return () => {
      for (const { clients } of rooms.values())
        for (const stream of clients)
          stream.end(`retry: ${Math.round(2000 + Math.random() * 2000)}\n\n`, () => stream.socket?.destroySoon())
    }

    function open(name: string, cursor: string): Room {
      const clients = new Set<ServerResponse>()
      const room: Room = { clients, cursor, stop: () => {} }
      rooms.set(name, room)
      room.stop = feed.follow(
        name,
        cursor,
        (batch) => {
          room.cursor = batch.cursor
          for (const client of clients) client.write(textOf(batch))
        },
        () => {
          for (const client of clients) client.destroy()
        },
      )
      return room
    }
  },
}

const textOf = ({ events }: PollAnswer): string => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
