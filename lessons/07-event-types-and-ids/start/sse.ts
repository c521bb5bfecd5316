/** Server-sent events (WHATWG HTML, section 9.2) that resume: a client that reconnects gets its missed events. */
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
    const open = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema }, async ({ params: { room }, query, headers }, reply) => {
      // TODO 3: where does this client begin? It begins after headers['last-event-id'], else after query.after, else
      //         at startOf(feed, room, query). `start` has the cursor, and `gap` if the client's id points nowhere.
      const start = await feed.since(room, undefined, 0)

      const stream = reply.raw
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      reply.hijack()
      stream.writeHead(200, HEADERS)
      // TODO 2: the first lines: the retry time, the client's position, and the gap if there is one.
      stream.write(':\n\n')

      // TODO 4: first the events that the client has missed, then the new ones. None is lost, and none comes twice.
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

/** TODO 1: write each event with its id, and write a gap (a batch without events) as an event of the type `gap`. */
const bytesOf = ({ events, gap, cursor }: PollAnswer): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')

function send(stream: ServerResponse, bytes: string): Promise<void> | void {
  if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
}
