/** Server-sent events that can be resumed (WHATWG HTML, section 9.2): what a client missed it gets when it comes back. */
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
    const open = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema }, async ({ params: { room }, query, headers }, reply) => {
      // TODO 3: where does this client's reading begin? Behind headers['last-event-id'], else behind query.after; else
      //         startOf(feed, room, query) knows. `start` has the cursor, and a gap where it points at nothing.
      const start = await feed.since(room, undefined, 0)

      const stream = reply.raw
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      reply.hijack()
      stream.writeHead(200, HEADERS)
      // TODO 2: the first words: when to come back, where the client stands, and a gap where there is one.
      stream.write(':\n\n')

      // TODO 4: first what the client has missed, then what is new: nothing lost, nothing doubled.
      const from = (await feed.since(room, undefined, 0)).cursor
      const stop = feed.follow(
        room,
        from,
        (batch) => send(stream, bytesOf(batch)),
        () => stream.destroy(),
      )
      open.add(stream)
      stream.once('close', () => {
        stop()
        open.delete(stream)
      })
    })

    return () => {
      for (const stream of open) stream.end(':\n\n', () => stream.socket?.destroySoon())
    }
  },
}

/** TODO 1: each event with its id; and a gap, which has no events, as an event of its own kind. */
const bytesOf = ({ events, gap, cursor }: PollAnswer): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')

function send(stream: ServerResponse, bytes: string): Promise<void> | void {
  if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
}
