/** Server-sent events (WHATWG HTML, section 9.2): one answer that never ends, and a set of those who listen. */
import type { ServerResponse } from 'node:http'
import { isCursor } from '#server/feed/feed.ts'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const schema = { summary: 'Server-sent events: one answer that never ends', params: Params, querystring: Query }

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

export const sse: Transport = {
  serve(app, feed) {
    /** Every stream that is open. */
    const clients = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema }, async ({ params: { room }, query, headers }, reply) => {
      // Where this client's reading begins: its own cursor, or now. Lesson 7 is about these lines.
      const after = headers['last-event-id']?.toString() || query.after
      const isOdd = after !== undefined && !isCursor(after)
      const start = await feed.since(room, isOdd ? after : await startOf(feed, room, after ? { after } : query), 0)

      const stream = reply.raw
      // It may have gone while its cursor was looked up, and would not say so again.
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')

      // From here on the answer is ours: Fastify would end it with this function.
      reply.hijack()
      // The head waits for the first bytes behind it, so both go out now.
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

    return () => {}
  },
}

/** Where a client reads more slowly than it is written to, a promise that holds its feed back until it has caught up. */
function send(stream: ServerResponse, bytes: string): Promise<void> | void {
  if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
}

/** When to come back, and where the client stands (lesson 7). */
const greeting = ({ cursor, gap }: PollAnswer) => `${retry().trimEnd()}\nid: ${cursor}\n\n${gap ? gapOf(cursor) : ''}`
const retry = () => `retry: ${1000 + Math.floor(Math.random() * 2000)}\n\n`
const gapOf = (cursor: string) => `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`

/** All that a batch of the feed holds, as events of the stream. */
const bytesOf = ({ events, gap, cursor }: PollAnswer): string =>
  gap ? gapOf(cursor) : events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join('')
