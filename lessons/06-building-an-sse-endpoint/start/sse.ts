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

      // TODO 1: call `reply.hijack()`; without it, Fastify ends the response when this function ends. Then send the
      //         head (200 and HEADERS) and greeting(start). The client needs both now, before the first event.
      // TODO 2: send every event after start.cursor to this client, with `send`, as soon as it comes.
      // TODO 3: put this client into `clients`. When it leaves, remove everything that belongs to it.
      return reply.code(501).send({ todo: start.cursor })
    })

    // TODO 4: the server is about to stop: end every stream. The last bytes of each stream are `retry()`.
    return () => {}
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
