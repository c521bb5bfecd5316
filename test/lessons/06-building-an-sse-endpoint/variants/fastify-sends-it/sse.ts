/** Fastify sends a stream that we write to. It writes the head itself, and closes the stream with the connection. */
import { PassThrough } from 'node:stream'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

export const sse: Transport = {
  serve(app, feed) {
    const goodbyes = new Set<() => void>()

    app.get('/feed/:room/sse', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const start = await feed.since(room, await startOf(feed, room, request.query), 0)
      const stream = new PassThrough()
      const goodbye = () => stream.end()
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
      stream.once('close', () => {
        goodbyes.delete(goodbye)
        stop()
      })
      // Sends a comment, so that the head is sent at once.
      stream.write(':\n\n')
      return reply.type('text/event-stream').header('cache-control', 'no-store').send(stream)
    })

    return () => {
      for (const goodbye of goodbyes) goodbye()
    }
  },
}
