/** Long polling (RFC 6202): responds at once if there is an event. If not, it holds the request until there is one. */
import type { ServerResponse } from 'node:http'
import Type from 'typebox'
import { LIMIT_EVENTS, Limit, Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'

/** How long a request is held if the client does not give a time. */
const DEFAULT_WAIT_S = 25

/** Many proxies cut a connection that has been silent for 60 s; 30 s is safe (RFC 6202, section 5.5). */
const MAX_WAIT_S = 30

const Wait = Type.Optional(
  Type.Number({ minimum: 0, description: 'how long to hold the request, in seconds, at most 30' }),
)
const schema = {
  summary: 'Long poll: new events, or wait until there are some',
  params: Params,
  querystring: Type.Interface([Query], { limit: Limit, wait: Wait }),
}

interface Waiting {
  readonly room: string
  readonly end: () => void
}

/** The held requests of all rooms. The first one in a room follows the feed for all of them. */
const waiting = new Set<Waiting>()
const followed = new Map<string, () => void>()

export const longPoll: Transport = {
  serve(app, feed) {
    /** One function for every held request; it ends the hold. */
    const held = new Set<() => void>()

    app.get('/feed/:room/long-poll', { schema }, async ({ params: { room }, query, headers }, reply) => {
      // `Prefer: wait=10` (RFC 7240) means the same as `?wait=10`. If there are both, `?wait=` has priority.
      const preferred = /(?:^|[,;\s])wait=(\d{1,9})\s*(?:[,;]|$)/.exec(String(headers.prefer ?? ''))?.[1]
      const askedS = query.wait ?? (preferred === undefined ? DEFAULT_WAIT_S : Number(preferred))
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)
      const after = await startOf(feed, room, query)
      let news = await feed.since(room, after, limit)

      const waitS = Math.min(askedS, MAX_WAIT_S)
      // A client without a cursor has come to get one, and a client with a gap needs a new one: both get it now.
      const nothingNew = after !== undefined && news.events.length === 0 && !news.gap && !news.more
      if (nothingNew) {
        await hold(room, news.cursor, waitS, reply.raw)
        news = await feed.since(room, news.cursor, limit)
      }

      reply.header('cache-control', 'no-store').header('preference-applied', `wait=${waitS}`)
      return nothingNew && news.events.length === 0 && !news.gap ? reply.code(204).send() : news
    })

    // The server is about to stop: every held request gets its response now, and its client asks again.
    return () => {
      for (const release of held) release()
    }

    async function hold(room: string, cursor: string, waitS: number, client: ServerResponse) {
      if (client.destroyed) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const me: Waiting = { room, end: resolve }
      waiting.add(me)
      held.add(resolve)
      client.once('close', resolve)
      const timer = setTimeout(resolve, waitS * 1000)
      const wake = () => {
        for (const other of waiting) if (other.room === room) other.end()
      }
      if (!followed.has(room)) followed.set(room, feed.follow(room, cursor, wake, wake))
      // The follower of this room may already have passed this client's cursor.
      else if ((await feed.since(room, cursor, 1)).events.length > 0) resolve()
      await promise
      waiting.delete(me)
      held.delete(resolve)
      client.off('close', resolve)
      clearTimeout(timer)
      if ([...waiting].some((other) => other.room === room)) return
      followed.get(room)?.()
      followed.delete(room)
    }
  },
}
