/** Fastify sends a stream that we write to. It writes the head itself, and closes the stream with the connection. */
import { PassThrough } from 'node:stream'
import { isCursor } from '#server/feed/feed.ts'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

export const sse: Transport = {
  serve(app, feed) {
    const goodbyes = new Set<() => void>()

    app.get('/feed/:room/sse', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const position = request.headers['last-event-id']?.toString() ?? request.query.after
      const query = position === undefined ? request.query : { after: position }
      const isOdd = position !== undefined && !isCursor(position)
      const start = await feed.since(room, isOdd ? position : await startOf(feed, room, query), 0)
      if (reply.raw.destroyed) return reply
      const stream = new PassThrough()
      const { socket } = reply.raw
      const goodbye = () => {
        stream.end(`retry: ${1000 + Math.round(Math.random() * 1000)}\n\n`)
        reply.raw.once('finish', () => socket?.destroySoon())
      }
      // Sends a comment, so that the head is sent at once.
      stream.write(start.gap ? `event: gap\nid: ${start.cursor}\ndata:\n\n` : ':\n\n')
      const stop = feed.follow(
        room,
        start.cursor,
        ({ events }) => {
          for (const event of events) {
            stream.write(`id: ${event.id}\n`)
            stream.write(`data: ${JSON.stringify(event)}\n\n`)
          }
        },
        () => stream.destroy(),
      )
      goodbyes.add(goodbye)
      reply.raw.once('close', () => {
        goodbyes.delete(goodbye)
        stop()
      })
      reply.header('cache-control', 'no-store, no-transform').header('x-accel-buffering', 'no')
      return reply.type('text/event-stream').send(stream)
    })

    return () => {
      for (const goodbye of goodbyes) goodbye()
    }
  },
}
