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

/** Most proxies cut a connection that is silent for 60 s, some after 30 s. Half of the shorter time is safe. */
const HEARTBEAT_MS = 20_000

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A proxy that compresses a response collects it first. `no-transform` forbids this.
  'cache-control': 'no-store, no-transform',
  // nginx collects too. It obeys only this header.
  'x-accel-buffering': 'no',
}

export const sse: Transport = {
  serve(app, feed) {
    const open = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema }, async ({ params: { room }, query, headers }, reply) => {
      const position = headers['last-event-id']?.toString() || query.after
      // A browser reconnects after every end of a response. Only this status stops it without an error.
      if (query.until && [position, query.until].every((cursor, _, all) => cursor === all[0])) {
        reply.code(204)
        return null
      }
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
      let silence = setTimeout(beat, HEARTBEAT_MS)
      open.add(stream)
      stream.once('close', () => {
        stop()
        clearTimeout(silence)
        open.delete(stream)
      })

      /** Sends a heartbeat. Runs after a silence of `HEARTBEAT_MS`, because every write starts the time again. */
      function beat(): void {
        stream.write(': nothing new\n\n')
        restart()
      }

      function restart(): void {
        clearTimeout(silence)
        silence = setTimeout(beat, HEARTBEAT_MS)
      }

      function deliver({ events, cursor, gap }: PollAnswer): Promise<void> | void {
        const end = events.findIndex(({ id }) => id === query.until) + 1
        const wanted = end > 0 ? events.slice(0, end) : events
        const text = wanted.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join('')
        restart()
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
