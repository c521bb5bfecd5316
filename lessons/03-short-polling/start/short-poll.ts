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

      // TODO 1: which of `kept` lie behind `from`? At most `limit` of them are the answer's events.
      // TODO 2: which cursor shall the client send next time? And are there more behind it?
      // TODO 3: 200 with { events, cursor, gap, more }, or 204 and no body where nothing is new.
      //         Careful: a client without a cursor came to get one, and one with a gap a new one.
      return reply.code(501).send({ todo: [from, gap, kept.length, limit] })
    })

    // An answer is never kept waiting, so there is nobody to say goodbye to.
    return () => {}
  },
}
