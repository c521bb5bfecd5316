/**
 * Short polling: the server answers each request at once with the events after the client's cursor. The client decides
 * when to send the next request. If there are no new events, the server sends 204.
 */
import Type from 'typebox'
import type { RoomPresence } from '../protocol/feed.ts'
import { Known, LIMIT_EVENTS, Limit, Params, Query, personOf, startOf } from '../http/parameters.ts'
import { JSON_TYPE, pollJson } from './encoding.ts'
import type { Transport } from './transport.ts'

const PATH = '/feed/:room/poll'

const schema = {
  summary: 'Short poll: returns new events, or 204 at once',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit, presence: Known }),
}

export const shortPoll: Transport = {
  serve(app, feed, { presence }) {
    app.get(PATH, { schema, config: { access: 'class' } }, async ({ params: { room }, query }, reply) => {
      const after = await startOf(feed, room, query)
      const news = await feed.since(room, after, Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS))

      // A cache must not answer instead of the server.
      reply.header('cache-control', 'no-store')

      // Do not send 204 to a request without a cursor or after a gap, because the client needs the new cursor.
      const nothingNew = news.events.length === 0 && !news.more && !news.gap && after !== undefined
      const answer = (told: RoomPresence | null) => reply.type(JSON_TYPE).send(pollJson(news, told))
      const person = personOf(query)
      if (!person) return nothingNew ? reply.code(204).send() : answer(null)

      // The person stays present for some time after each poll, so the person is also present between two polls.
      presence.enter(room, person)()
      const present = presence.of(room)
      if (present.version !== query.presence) return answer(present)
      return nothingNew ? reply.code(204).send() : answer(null)
    })

    // A short poll is never held, so the goodbye has nothing to end.
    return () => {}
  },
}
