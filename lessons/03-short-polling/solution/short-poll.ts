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

      // If `from` is the position before the earliest event, findIndex returns -1, and all events come after it.
      const later = kept.slice(kept.findIndex(({ id }) => id === from) + 1)
      const events = later.slice(0, limit)

      // The position after the last event of this response, not the end of the room: the next response has the rest.
      const cursor = events.at(-1)?.id ?? from
      const more = later.length > events.length

      const nothingNew = after !== undefined && events.length === 0 && !gap && !more
      return nothingNew ? reply.code(204).send() : { events, cursor, gap, more }
    })

    // No request is ever held, so there is nothing to end when the server stops.
    return () => {}
  },
}
