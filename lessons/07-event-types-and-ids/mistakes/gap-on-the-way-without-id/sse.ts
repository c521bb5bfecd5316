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
      // A browser that comes back asks for its first address again, so what it says in the header is newer.
      const said = headers['last-event-id']?.toString() || query.after
      // An error would end an EventSource for good, so what is no cursor goes to the feed, which makes a gap of it.
      const isOdd = said !== undefined && !isCursor(said)
      const after = isOdd ? said : await startOf(feed, room, said === undefined ? query : { after: said })
      const start = await feed.since(room, after, 0)

      const stream = reply.raw
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      reply.hijack()
      stream.writeHead(200, HEADERS)
      // An id without data delivers nothing and is kept: who is cut before the first event knows where it was.
      stream.write(`retry: ${retryMs()}\nid: ${start.cursor}\n\n${start.gap ? gapOf(start.cursor) : ''}`)

      // From the very place where reading begins: what was missed comes first, then what is new, with no seam.
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

/** Milliseconds until the client comes back, not the same for all: else they would all come at once. */
const retryMs = (): number => 1000 + Math.floor(Math.random() * 2000)

/** The bytes of a batch: each event with its id, or a gap, with the cursor from which it goes on. */
const bytesOf = ({ events, gap, cursor }: PollAnswer): string =>
  gap
    ? `event: gap\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`
    : events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join('')

const gapOf = (cursor: string) => `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`

function send(stream: ServerResponse, bytes: string): Promise<void> | void {
  if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
}
