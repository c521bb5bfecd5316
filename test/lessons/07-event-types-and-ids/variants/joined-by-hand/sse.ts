/** Follows first and keeps the new events. Sends the missed events, and then the kept ones that are newer. */
import type { ServerResponse } from 'node:http'
import { parseCursor } from '#server/feed/cursor.ts'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const seqOf = (cursor: string): number => {
  const position = parseCursor(cursor)
  return position === null || position === 'earliest' ? 0 : position.seq
}

export const sse: Transport = {
  serve(app, feed) {
    const open = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      reply.hijack()
      const stream = reply.raw
      stream.writeHead(200, { 'content-type': 'text/event-stream' })
      stream.write(`retry: ${1500 + Math.floor(Math.random() * 1000)}\n\n`)

      open.add(stream)
      stream.once('close', () => open.delete(stream))

      let kept: PollAnswer[] | null = []
      let sent = 0
      const sendGap = (cursor: string) => stream.write(`event: gap\ndata: {}\nid: ${cursor}\n\n`)
      const send = ({ gap, cursor, events }: Pick<PollAnswer, 'gap' | 'cursor' | 'events'>) => {
        if (gap && seqOf(cursor) > sent) sendGap(cursor)
        for (const event of events) {
          if (seqOf(event.id) <= sent) continue
          sent = seqOf(event.id)
          stream.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`)
        }
      }
      const now = await feed.since(room, undefined, 0)
      const stop = feed.follow(
        room,
        now.cursor,
        (batch) => (kept ? void kept.push(batch) : send(batch)),
        () => stream.destroy(),
      )
      stream.once('close', stop)
      if (stream.destroyed) return stop()

      const start = await feed.since(
        room,
        String(request.headers['last-event-id'] ?? request.query.after ?? now.cursor),
        0,
      )
      if (start.gap) sendGap(start.cursor)
      else stream.write(`id: ${start.cursor}\n\n`)
      sent = seqOf(start.cursor)
      for (let more = true, at = start.cursor; more;) {
        const missed = await feed.since(room, at, 100)
        send(missed)
        at = missed.cursor
        more = missed.more
      }
      kept.forEach(send)
      kept = null
    })

    return () => {
      for (const stream of open) stream.end()
    }
  },
}
