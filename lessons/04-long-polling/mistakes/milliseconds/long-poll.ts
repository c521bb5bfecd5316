/** Long polling (RFC 6202): answered at once when there is news, else held until there is, or until the wait is over. */
import type { ServerResponse } from 'node:http'
import Type from 'typebox'
import { LIMIT_EVENTS, Limit, Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

/** How long a client is held that does not say. */
const DEFAULT_WAIT_S = 25

/** Many proxies cut an answer that has been idle for 60 s; 30 s is safe (RFC 6202, section 5.5). */
const MAX_WAIT_S = 30

const Wait = Type.Optional(Type.Number({ minimum: 0, description: 'seconds, at most 30: how long to hold the answer' }))
const schema = {
  summary: 'Long poll: what is new, or held until something is',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit, wait: Wait }),
}

export const longPoll: Transport = {
  serve(app, feed) {
    /** For every request that is held: what ends its hold. */
    const held = new Set<() => void>()

    app.get('/feed/:room/long-poll', { schema }, async ({ params: { room }, query, headers }, reply) => {
      // `Prefer: wait=10` (RFC 7240) says the same as `?wait=10`, which wins.
      const preferred = /(?:^|[,;\s])wait=(\d{1,9})\s*(?:[,;]|$)/.exec(String(headers.prefer ?? ''))?.[1]
      const askedS = query.wait ?? (preferred === undefined ? DEFAULT_WAIT_S : Number(preferred))
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)
      const after = await startOf(feed, room, query)
      let news = await feed.since(room, after, limit)

      const waitS = Math.min(askedS, MAX_WAIT_S)
      // A client without a cursor came to get one, and one with a gap a new one: both now.
      const nothingNew = after !== undefined && news.events.length === 0 && !news.gap && !news.more
      if (nothingNew) {
        await hold(room, news.cursor, waitS, reply.raw)
        news = await feed.since(room, news.cursor, limit)
      }

      reply.header('cache-control', 'no-store').header('preference-applied', `wait=${waitS}`)
      return nothingNew && news.events.length === 0 && !news.gap ? reply.code(204).send() : news
    })

    // The server is about to stop: all that are held are answered now, and come back.
    return () => {
      for (const release of held) release()
    }

    function hold(room: string, cursor: string, waitS: number, client: ServerResponse): Promise<void> {
      return new Promise((resolve) => {
        if (client.destroyed) return resolve()
        let stop = () => {}
        const done = () => {
          stop()
          clearTimeout(timer)
          client.off('close', done)
          held.delete(done)
          resolve()
        }
        // Thirty is thirty.
        const timer = setTimeout(done, waitS)
        client.once('close', done)
        held.add(done)
        stop = feed.follow(room, cursor, done, done)
      })
    }
  },
}
