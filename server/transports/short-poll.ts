/**
 * Short polling: the server answers each request at once with the events after the client's cursor. The client decides
 * when to send the next request. If there are no new events, the server sends 204.
 */
import Type from 'typebox'
import type { Static } from 'typebox'
import { Known, LIMIT_EVENTS, Limit, Params, Query, personOf, startOf } from '../http/parameters.ts'
import { pollJson } from './encoding.ts'
import type { PollResponse } from './poll.ts'
import type { Transport } from './transport.ts'

const PATH = '/feed/:room/poll'

const schema = {
  summary: 'Short poll: returns new events, or 204 at once',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit, presence: Known }),
}

type PollQuery = Static<typeof schema.querystring>

const fields = {
  // A cache must not answer instead of the server.
  'cache-control': 'no-store',
}

export const shortPoll: Transport = {
  serve(app, feed, { polls, presence }) {
    app.get(PATH, { schema, config: { access: 'class' } }, (request, reply) => {
      const { params, query } = request
      polls.serve(request, reply, {
        fields,
        answer: (after, response) => poll(params.room, after, query, response),
      })
    })

    // A short poll is never held, so the goodbye has nothing to end.
    return () => {}

    async function poll(
      room: string,
      cursor: string | undefined,
      query: PollQuery,
      response: PollResponse,
    ): Promise<void> {
      const after = await startOf(feed, room, { after: cursor, last: query.last })
      const news = await feed.since(room, after, Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS))

      // Do not send 204 to a request without a cursor or after a gap, because the client needs the new cursor.
      const nothingNew = news.events.length === 0 && !news.more && !news.gap && after !== undefined
      const person = personOf(query)
      if (!person) return response.send(nothingNew ? null : pollJson(news, null))

      // The person stays present for some time after each poll, so the person is also present between two polls.
      presence.enter(room, person)()
      if (!presence.isKnown(room, query.presence)) return response.send(pollJson(news, presence.of(room)))
      return response.send(nothingNew ? null : pollJson(news, null))
    }
  },
}
