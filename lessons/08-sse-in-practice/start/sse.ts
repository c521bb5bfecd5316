/** Server-sent events (WHATWG HTML, section 9.2) that get through the proxies between a server and its clients. */
import type { ServerResponse } from 'node:http'
import Type from 'typebox'
import { isCursor } from '#server/feed/feed.ts'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const Until = Type.Optional(
  Type.String({ description: 'the cursor of the last event that the client wants; the response ends with it' }),
)
const schema = { params: Params, querystring: Type.Interface([Query], { until: Until }) }

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // TODO 1: which headers tell a proxy not to collect this response, and not to compress it?
  'cache-control': 'no-store',
}

export const sse: Transport = {
  serve(app, feed) {
    const open = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema }, async ({ params: { room }, query, headers }, reply) => {
      const position = headers['last-event-id']?.toString() || query.after
      // TODO 3: a client that has everything up to `query.until` must not reconnect again.
      const isStrange = position !== undefined && !isCursor(position)
      const after = isStrange
        ? position
        : await startOf(feed, room, position === undefined ? query : { after: position })
      const { cursor, gap } = await feed.since(room, after, 0)
      reply.hijack()
      const stream = reply.raw
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      stream.writeHead(200, HEADERS).write(`retry: ${retryMs()}\nid: ${cursor}\n\n${gap ? gapText(cursor) : ''}`)

      const stop = feed.follow(room, cursor, deliver, () => stream.destroy())
      // TODO 2: send a heartbeat for the proxies in between, until the client has gone.
      open.add(stream)
      stream.once('close', () => {
        stop()
        open.delete(stream)
      })

      function deliver({ events, cursor, gap }: PollAnswer): Promise<void> | void {
        const end = events.findIndex(({ id }) => id === query.until) + 1
        const wanted = end > 0 ? events.slice(0, end) : events
        const text = wanted.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join('')
        const hasRoom = stream.write(gap ? gapText(cursor) : text)
        if (end > 0) stop()
        if (end > 0) return void stream.end()
        if (!hasRoom) return new Promise((resolve) => stream.once('drain', resolve))
      }
    })

    return () => open.forEach((stream) => stream.end(`retry: ${retryMs()}\n\n`, () => stream.socket?.destroySoon()))
  },
}

const gapText = (cursor: string) => `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`
const retryMs = () => 1000 + Math.floor(Math.random() * 2000)
