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

export const shortPoll: Transport = {
  serve(app, feed) {
    app.get('/feed/:room/poll', { schema }, async ({ params: { room }, query }, reply) => {
      // The cursor that the client sent; undefined where it has none yet.
      const after = await startOf(feed, room, query)

      // The most events that this answer may hold.
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)

      // No cache may answer in the server's place.
      reply.header('cache-control', 'no-store')

      // The feed does the same in one step.
      const news = await feed.since(room, after, limit)
      if (after === undefined || news.events.length > 0 || news.gap || news.more) return news
      return reply.code(204).send()
    })

    // An answer is never kept waiting, so there is nobody to say goodbye to.
    return () => {}
  },
}
