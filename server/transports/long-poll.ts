/**
 * Long polling (RFC 6202): answered at once when there is news, else held until there is, or
 * until the wait is over (204). Between an answer and the next request nobody asks: what is
 * published in this blind gap lies behind the client's cursor and comes with its next request.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { PollAnswer } from '../protocol.ts'
import { Known, LIMIT_EVENTS, Limit, Params, Query, once, personOf, startOf } from './transport.ts'
import type { Transport } from './transport.ts'

const DEFAULT_WAIT_S = 25

/** Most proxies cut an answer that has been idle for 60 s; 30 s is safe with all (RFC 6202, section 5.5). */
const MAX_WAIT_S = 30

const schema = {
  summary: 'Long poll: what is new, or held until something is',
  params: Params,
  querystring: Type.Interface([Query], {
    limit: Limit,
    presence: Known,
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        description: `a number of seconds from 0 to ${MAX_WAIT_S}, more counting as ${MAX_WAIT_S}: how long the answer may be held`,
      }),
    ),
  }),
}

const bytesOf = once((answer: PollAnswer) => Buffer.from(JSON.stringify(answer)))

export const longPoll: Transport = {
  serve(app, feed, { limiter, presence }) {
    const held = new Set<() => void>()

    app.get('/feed/:room/long-poll', { schema }, async (request, reply) => {
      const { room } = request.params
      const { query } = request
      const waitS = Math.min(query.wait ?? preferredWait(request) ?? DEFAULT_WAIT_S, MAX_WAIT_S)
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)
      const after = await startOf(feed, room, query)

      const person = personOf(query)
      const leave = person && presence.enter(room, person)
      // Nothing is told to whoever names nobody: then there is never anything that it has not got.
      const present = () => {
        const state = person && presence.of(room)
        return state && state.version !== query.presence ? { presence: state } : null
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
          // The batch is the same object for all who waited, so that it is made into bytes once.
          news = batch && batch.events.length <= limit ? batch : await feed.since(room, cursor, limit)
        }

        const told = present()
        reply.header('cache-control', 'no-store').header('preference-applied', `wait=${waitS}`)
        if (wait && news.events.length === 0 && !news.gap && !told) return reply.code(204).send()
        return reply.type('application/json; charset=utf-8').send(bytesOf(told ? { ...news, ...told } : news))
      } finally {
        leave?.()
      }
    })

    return () => {
      for (const release of held) release()
    }
  },
}

/** Resolves with what came, or with null when presence changed, the wait is over, the client is gone or the server says goodbye. */
function hold(
  follow: (deliver: (batch: PollAnswer) => void, failed: (error: unknown) => void) => () => void,
  watch: (changed: () => void) => () => void,
  waitS: number,
  client: ServerResponse,
  held: Set<() => void>,
): Promise<PollAnswer | null> {
  return new Promise((resolve, reject) => {
    // It may have gone while its cursor was looked up, and would not say so again.
    if (client.destroyed) return resolve(null)
    // Whatever ends the hold first also takes the others away.
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
    // `close` without an end of ours is the only sign that the client went away.
    client.once('close', release)
    held.add(release)
  })
}

/** Up to a tenth shorter, so that a class whose polls began together does not renew them together. */
const jitteredMs = (waitS: number): number => waitS * 1000 * (1 - Math.random() / 10)

/** `Prefer: wait=10` (RFC 7240, section 4.3). A preference that cannot be read is one that is not obeyed. */
function preferredWait({ headers: { prefer } }: FastifyRequest): number | undefined {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(String(prefer ?? '')) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
