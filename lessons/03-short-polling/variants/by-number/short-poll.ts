/**
 * Short polling: the client asks, the server answers at once with what lies behind the client's
 * cursor, and the client asks again when it sees fit.
 */
import Type from 'typebox'
import { LIMIT_EVENTS, Limit, Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const schema = {
  summary: 'Short poll: what is new, at once',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit }),
}

/** More than a room ever keeps. */
const ALL = 100_000

/** The number within the cursor; all cursors here are of one epoch. */
const numberOf = (cursor: string): number => Number(cursor.split('.')[1])

export const shortPoll: Transport = {
  serve(app, feed) {
    app.get('/feed/:room/poll', { schema }, async ({ params: { room }, query }, reply) => {
      // The cursor that the client sent; undefined where it has none yet.
      const after = await startOf(feed, room, query)

      // Where this client's reading begins. `gap` is true where its cursor points at nothing that
      // is still kept, and `from` is then the position before the earliest event.
      const { cursor: from, gap } = await feed.since(room, after, 0)

      // Every event that the room still has, oldest first. The id of an event is the cursor of
      // whoever has read up to it.
      const { events: kept } = await feed.since(room, '0', ALL)

      // The most events that this answer may hold.
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)

      // No cache may answer in the server's place.
      reply.header('cache-control', 'no-store')

      const events = []
      let behind = 0
      for (const event of kept) {
        if (numberOf(event.id) <= numberOf(from)) continue
        behind += 1
        if (events.length < limit) events.push(event)
      }
      const last = events[events.length - 1]
      const cursor = last === undefined ? from : last.id
      const more = behind > events.length
      if (events.length > 0 || gap || more || after === undefined) return reply.send({ events, cursor, gap, more })
      reply.code(204)
      return reply.send()
    })

    // An answer is never kept waiting, so there is nobody to say goodbye to.
    return () => {}
  },
}
