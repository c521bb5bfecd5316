/**
 * Long polling (RFC 6202): the server answers at once if it has new events. Otherwise it holds the request until an
 * event is published or the wait is over (204). Between a response and the next request, no request is open. Events
 * that are published in this time come after the client's cursor, so the next request gets them.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { PRICES } from '../access/prices.ts'
import type { PollAnswer } from '../protocol/feed.ts'
import { Known, LIMIT_EVENTS, Limit, Params, Query, personOf, startOf } from '../http/parameters.ts'
import { JSON_TYPE, pollJson } from './encoding.ts'
import type { Transport } from './transport.ts'

const DEFAULT_WAIT_S = 25

/**
 * Maximum wait. Most proxies cut a silent response after 60 s; 30 s is safe with all of them (RFC 6202, section 5.5).
 */
const MAX_WAIT_S = 30

const PATH = '/feed/:room/long-poll'

const schema = {
  summary: 'Long poll: returns new events at once, or waits until there are some',
  params: Params,
  querystring: Type.Interface([Query], {
    limit: Limit,
    presence: Known,
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        description: `a number of seconds from 0 to ${MAX_WAIT_S} (a greater number counts as ${MAX_WAIT_S}): how long the server may hold the request`,
      }),
    ),
  }),
}

const options = { schema, exposeHeadRoute: false, config: { access: 'class', price: PRICES.stream } } as const

export const longPoll: Transport = {
  serve(app, feed, { limiter, presence }) {
    const held = new Set<() => void>()

    app.get(PATH, options, async (request, reply) => {
      const { room } = request.params
      const { query } = request
      const waitS = Math.min(query.wait ?? preferredWait(request) ?? DEFAULT_WAIT_S, MAX_WAIT_S)
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)
      const after = await startOf(feed, room, query)

      const person = personOf(query)
      const leave = person && presence.enter(room, person)
      // A client that names no person gets no presence, so for this client the presence never changes.
      const present = () => {
        const state = person && presence.of(room)
        return state && state.version !== query.presence ? state : null
      }

      try {
        let news = await feed.since(room, after, limit)
        const wait = after !== undefined && news.events.length === 0 && !news.more && !news.gap && !present()
        if (wait) {
          const { cursor } = news
          const giveBack = limiter.hold(request.raw)
          const batch = await hold(
            (deliver, failed) => feed.follow(room, cursor, deliver, failed),
            (changed) => (person ? presence.watch(room, query.presence, changed) : () => {}),
            waitS,
            reply.raw,
            held,
          ).finally(giveBack)
          // All waiting polls get the same batch object, so it is encoded only once.
          news = batch && batch.events.length <= limit ? batch : await feed.since(room, cursor, limit)
        }

        const told = present()
        reply.header('cache-control', 'no-store').header('preference-applied', `wait=${waitS}`)
        if (wait && news.events.length === 0 && !news.gap && !told) return reply.code(204).send()
        return reply.type(JSON_TYPE).send(pollJson(news, told))
      } finally {
        leave?.()
      }
    })

    return () => {
      for (const release of held) release()
    }
  },
}

/** Resolves with new events. Resolves with null if presence changed, the wait is over, the client has left or the server says goodbye. */
function hold(
  follow: (deliver: (batch: PollAnswer) => void, failed: (error: unknown) => void) => () => void,
  watch: (changed: () => void) => () => void,
  waitS: number,
  client: ServerResponse,
  held: Set<() => void>,
): Promise<PollAnswer | null> {
  return new Promise((resolve, reject) => {
    // The client may have left while its cursor was looked up. Then `close` has been emitted already and will not
    // come again.
    if (client.destroyed) return resolve(null)
    // Whatever ends the wait first also removes the timer and all listeners.
    const finish = (end: () => void) => {
      stop()
      unwatch()
      clearTimeout(timer)
      client.off('close', release)
      held.delete(release)
      end()
    }
    const release = () => finish(() => resolve(null))
    const stop = follow(
      (batch) => finish(() => resolve(batch)),
      (error) => finish(() => reject(error)),
    )
    const unwatch = watch(release)
    const timer = setTimeout(release, jitteredMs(waitS))
    // A `close` before the server has ended the response is the only sign that the client has left.
    client.once('close', release)
    held.add(release)
  })
}

/** Shortens a wait by up to a tenth, so that polls that began together do not all end together. */
const jitteredMs = (waitS: number): number => waitS * 1000 * (1 - Math.random() / 10)

/** Reads `Prefer: wait=10` (RFC 7240, section 4.3). A malformed preference is ignored. */
function preferredWait({ headers: { prefer } }: FastifyRequest): number | undefined {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(String(prefer ?? '')) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
