/**
 * Short polling: the client asks, the server answers at once with what lies behind the client's
 * cursor, and the client asks again when it sees fit. An answer with nothing in it is 204.
 */
import Type from 'typebox'
import { Known, LIMIT_EVENTS, Limit, Params, Query, personOf, startOf } from './transport.ts'
import type { Transport } from './transport.ts'

const schema = {
  summary: 'Short poll: what is new, at once',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit, presence: Known }),
}

export const shortPoll: Transport = {
  serve(app, feed, { presence }) {
    app.get('/feed/:room/poll', { schema }, async ({ params: { room }, query }, reply) => {
      const after = await startOf(feed, room, query)
      const news = await feed.since(room, after, Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS))

      // No cache may answer in the server's place.
      reply.header('cache-control', 'no-store')

      // Without a cursor the client came to get one; after a gap it has to learn of the new one.
      const nothingNew = news.events.length === 0 && !news.more && !news.gap && after !== undefined
      const person = personOf(query)
      if (!person) return nothingNew ? reply.code(204).send() : news

      // Here from poll to poll, for it counts as here for a while after each.
      presence.enter(room, person)()
      const present = presence.of(room)
      if (present.version !== query.presence) return { ...news, presence: present }
      return nothingNew ? reply.code(204).send() : news
    })

    // An answer is never kept waiting, so there is nobody to say goodbye to.
    return () => {}
  },
}
