/** Gives the client's id to the feed unchanged. If the id points nowhere, `follow` delivers a gap first. */
import type { ServerResponse } from 'node:http'
import { Params, Query } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const lines = (...fields: readonly string[]) => `${fields.join('\r\n')}\r\n\r\n`

export const sse: Transport = {
  serve(app, feed) {
    const open = new Set<ServerResponse>()

    app.get('/feed/:room/sse', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const now = (await feed.since(room, undefined, 0)).cursor
      const header = request.headers['last-event-id']
      const from = (typeof header === 'string' && header) || request.query.after || now

      const stream = reply.hijack().raw
      if (stream.destroyed) return
      open.add(stream)
      stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      stream.write(lines(`retry:${2000 + Math.round(Math.random() * 3000)}`, ...(from === now ? [`id:${now}`] : [])))
      const stop = feed.follow(
        room,
        from,
        ({ gap, cursor, events }) => {
          if (gap) stream.write(lines('data', 'event: gap', `id: ${cursor}`))
          for (const event of events) stream.write(lines(`data: ${JSON.stringify(event)}`, `id: ${event.id}`))
        },
        () => stream.destroy(),
      )
      request.raw.socket.once('close', () => {
        open.delete(stream)
        stop()
      })
    })

    return () => {
      for (const stream of open) stream.end()
    }
  },
}
