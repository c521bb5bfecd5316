/** Server-sent events (WHATWG HTML, section 9.2): one response that never ends, and a set of the open streams. */
import type { ServerResponse } from 'node:http'
import { isCursor } from '#server/feed/feed.ts'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const schema = { summary: 'Server-sent events: one response that never ends', params: Params, querystring: Query }

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

export const sse: Transport = {
  serve(app, feed) {
    /** All open streams. */
    const clients = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema }, async ({ params: { room }, query, headers }, reply) => {
      // The position at which this client begins: its own cursor, or the current end. Lesson 7 explains these lines.
      const after = headers['last-event-id']?.toString() || query.after
      const isOdd = after !== undefined && !isCursor(after)
      const start = await feed.since(room, isOdd ? after : await startOf(feed, room, after ? { after } : query), 0)

      const stream = reply.raw
      // The client may have gone while its cursor was looked up. Its `close` event then does not come again.
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')

      // From here on, Fastify does not touch the response. Otherwise it would end the response with this function.
      reply.hijack()
      // Node keeps the head until there are bytes of the body. The greeting makes it send both now.
      stream.writeHead(200, HEADERS)
      stream.write(greeting(start))
      const stop = feed.follow(
        room,
        start.cursor,
        (batch) => send(stream, bytesOf(batch)),
        () => stream.destroy(),
      )
      clients.add(stream)
      stream.once('close', () => {
        stop()
        clients.delete(stream)
      })
    })

    return () => {
      // If a connection stayed open, the server would wait for it and not stop.
      for (const stream of clients) stream.end(retry(), () => stream.socket?.destroySoon())
    }
  },
}

/** Returns a promise if the client reads more slowly than we write. It resolves when the client can take more. */
function send(stream: ServerResponse, bytes: string): Promise<void> | void {
  if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
}

/** The first lines of a stream: the retry time and the client's position (lesson 7). */
const greeting = ({ cursor, gap }: PollAnswer) => `${retry().trimEnd()}\nid: ${cursor}\n\n${gap ? gapOf(cursor) : ''}`
const retry = () => `retry: ${1000 + Math.floor(Math.random() * 2000)}\n\n`
const gapOf = (cursor: string) => `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`

/** The bytes of a batch of the feed. */
const bytesOf = ({ events, gap, cursor }: PollAnswer): string =>
  gap ? gapOf(cursor) : events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join('')
