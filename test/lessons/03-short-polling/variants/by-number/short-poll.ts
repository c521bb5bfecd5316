/**
 * Short polling: the client asks, and the server responds at once with the events after the client's
 * cursor. The client asks again after its interval.
 */
import Type from 'typebox'
import { LIMIT_EVENTS, Limit, Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

const schema = {
  summary: 'Short poll: new events, at once',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit }),
}

/** More than a room ever keeps. */
const ALL = 100_000

/** The number in the cursor. All cursors here have the same epoch. */
const numberOf = (cursor: string): number => Number(cursor.split('.')[1])

export const shortPoll: Transport = {
  serve(app, feed) {
    app.get('/feed/:room/poll', { schema }, async ({ params: { room }, query }, reply) => {
      // The cursor that the client sent; undefined if it has none yet.
      const after = await startOf(feed, room, query)

      // The position at which this client begins to read. `gap` is true if the event of its cursor is no
      // longer kept. `from` is then the position before the earliest event.
      const { cursor: from, gap } = await feed.since(room, after, 0)

      // Every event that the room still has, oldest first. The id of an event is the cursor of a client
      // that has read up to this event.
      const { events: kept } = await feed.since(room, '0', ALL)

      // The largest number of events in this response.
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)

      // No cache may respond instead of the server.
      reply.header('cache-control', 'no-store')

      const events = []
      let later = 0
      for (const event of kept) {
        if (numberOf(event.id) <= numberOf(from)) continue
        later += 1
        if (events.length < limit) events.push(event)
      }
      const last = events[events.length - 1]
      const cursor = last === undefined ? from : last.id
      const more = later > events.length
      if (events.length > 0 || gap || more || after === undefined) return reply.send({ events, cursor, gap, more })
      reply.code(204)
      return reply.send()
    })

    // No request is ever held, so there is nothing to end when the server stops.
    return () => {}
  },
}
