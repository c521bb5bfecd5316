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
      // A browser that reconnects uses its first address again. So the id in the header is newer.
      const position = headers['last-event-id']?.toString() || query.after
      // An error status would stop an EventSource for ever. So an odd id goes to the feed, which reports a gap.
      const isOdd = position !== undefined && !isCursor(position)
      const after = isOdd ? position : await startOf(feed, room, position === undefined ? query : { after: position })
      const start = await feed.since(room, after, 0)

      const stream = reply.raw
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      reply.hijack()
      stream.writeHead(200, HEADERS)
      // An id without data delivers no event, but the browser keeps it. So it can resume even before the first event.
      stream.write(`retry: ${retryMs()}\nid: ${start.cursor}\n\n${start.gap ? gapOf(start.cursor) : ''}`)

      // Follows from the position at which reading begins: first the missed events, then the new ones, without a seam.
      const from = start.cursor
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
      for (const stream of open) stream.end(`retry: ${retryMs()}\n\n`, () => stream.socket?.destroySoon())
    }
  },
}

/** The time until the client reconnects. It differs for each client, so that they do not all return at once. */
const retryMs = (): number => 1000 + Math.floor(Math.random() * 2000)

/** The bytes of a batch: each event with its id, or a gap with the cursor at which the stream continues. */
const bytesOf = ({ events, gap, cursor }: PollAnswer): string =>
  gap ? gapOf(cursor) : events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join('')

const gapOf = (cursor: string) => `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`

function send(stream: ServerResponse, bytes: string): Promise<void> | void {
  if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
}
