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

export const shortPoll: Transport = {
  serve(app, feed) {
    app.get('/feed/:room/poll', { schema }, async ({ params: { room }, query }, reply) => {
      // The cursor that the client sent; undefined if it has none yet.
      const after = await startOf(feed, room, query)

      // The largest number of events in this response.
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)

      // No cache may respond instead of the server.
      reply.header('cache-control', 'no-store')

      // The feed does the same in one step.
      const news = await feed.since(room, after, limit)
      if (after === undefined || news.events.length > 0 || news.gap || news.more) return news
      return reply.code(204).send()
    })

    // No request is ever held, so there is nothing to end when the server stops.
    return () => {}
  },
}
