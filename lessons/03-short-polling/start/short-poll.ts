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

      // TODO 1: which events of `kept` come after `from`? Send at most `limit` of them.
      // TODO 2: which cursor does the client need for its next request? Are there more events after it?
      // TODO 3: 200 with { events, cursor, gap, more }, or 204 without a body if there is nothing new.
      //         Careful: a client without a cursor has come to get one, and a client with a gap needs a new one.
      return reply.code(501).send({ todo: [from, gap, kept.length, limit] })
    })

    // No request is ever held, so there is nothing to end when the server stops.
    return () => {}
  },
}
