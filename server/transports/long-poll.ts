/**
 * Long polling (RFC 6202): the server answers at once if it has new events. Otherwise the server holds the request
 * until an event is published or the wait is over (204). Between a response and the next request, no request is open.
 * An event that is published in between comes after the client's cursor, so the next request gets this event.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Static } from 'typebox'
import { PRICES } from '../access/prices.ts'
import type { PollAnswer, RoomPresence } from '../protocol/feed.ts'
import { Known, LIMIT_EVENTS, Limit, Params, Query, personOf, startOf } from '../http/parameters.ts'
import { JSON_TYPE, pollJson } from './encoding.ts'
import type { Transport } from './transport.ts'

const DEFAULT_WAIT_S = 25

/**
 * Maximum wait. Most proxies cut a connection after 60 s without bytes; 30 s is safe with all proxies (RFC 6202,
 * section 5.5).
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

type Poll = FastifyRequest<{ Params: Static<typeof Params>; Querystring: Static<typeof schema.querystring> }>

const options = { schema, exposeHeadRoute: false, config: { access: 'class', price: PRICES.stream } } as const

export const longPoll: Transport = {
  serve(app, feed, { limiter, presence }) {
    const held = new Set<() => void>()

    // The handler returns no promise, because a promise for each held poll would take memory and time.
    app.get(PATH, options, (request, reply) => {
      poll(request, reply).catch((error) => reply.send(error))
    })

    return () => {
      for (const release of held) release()
    }

    async function poll(request: Poll, reply: FastifyReply): Promise<void> {
      const { room } = request.params
      const { query, raw } = request
      const client = reply.raw
      const waitS = Math.min(query.wait ?? preferredWait(request) ?? DEFAULT_WAIT_S, MAX_WAIT_S)
      const limit = Math.min(query.limit ?? LIMIT_EVENTS, LIMIT_EVENTS)
      const after = await startOf(feed, room, query)
      const news = await feed.since(room, after, limit)
      // The client may have left while the server read the feed. In this case `close` has already been emitted, and the
      // response will not emit `close` again.
      if (client.destroyed) return

      const person = personOf(query)
      if (person) client.on('close', presence.enter(room, person))
      // If the client names no person, the client gets no presence.
      const present = (): RoomPresence | null => {
        const state = person && presence.of(room)
        return state && state.version !== query.presence ? state : null
      }
      const send = (news: PollAnswer, isEnd: boolean): void => {
        const told = present()
        reply.header('cache-control', 'no-store').header('preference-applied', `wait=${waitS}`)
        if (isEnd && news.events.length === 0 && !news.gap && !told) reply.code(204).send()
        else reply.type(JSON_TYPE).send(pollJson(news, told))
      }
      if (after === undefined || news.events.length > 0 || news.more || news.gap || present()) return send(news, false)

      client.on('close', limiter.hold(raw))
      const { cursor } = news
      const fail = (error: unknown): void => void reply.send(error)
      hold(
        (deliver, failed) => feed.follow(room, cursor, deliver, failed),
        (changed) => person && presence.watch(room, query.presence, changed),
        waitS,
        client,
        held,
        (batch) => {
          // All waiting polls get the same batch object, so the batch is encoded only once.
          if (batch && batch.events.length <= limit) send(batch, true)
          else
            feed
              .since(room, cursor, limit)
              .then((news) => send(news, true))
              .catch(fail)
        },
        fail,
      )
    }
  },
}

/**
 * Calls `done` with new events. Calls `done` with null if the presence changed, the wait is over, the client has left
 * or the server says goodbye.
 */
function hold(
  follow: (deliver: (batch: PollAnswer) => void, failed: (error: unknown) => void) => () => void,
  watch: (changed: () => void) => (() => void) | undefined,
  waitS: number,
  client: ServerResponse,
  held: Set<() => void>,
  done: (batch: PollAnswer | null) => void,
  failed: (error: unknown) => void,
): void {
  const stop = follow(
    (batch) => {
      free()
      // Answer the poll after the streams of the room have got the batch, because a stream needs only one write.
      queueMicrotask(() => done(batch))
    },
    (error) => {
      free()
      failed(error)
    },
  )
  const unwatch = watch(release)
  const timer = setTimeout(release, jitteredMs(waitS))
  // A `close` before the server has ended the response is the only sign that the client has left.
  client.on('close', release)
  held.add(release)

  function release(): void {
    free()
    done(null)
  }

  /** Removes the timer and all listeners. Runs when the wait ends, for any reason. */
  function free(): void {
    stop()
    unwatch?.()
    clearTimeout(timer)
    client.off('close', release)
    held.delete(release)
  }
}

/** Shortens a wait by up to a tenth, so that polls that began together do not all end together. */
const jitteredMs = (waitS: number): number => waitS * 1000 * (1 - Math.random() / 10)

/** Reads `Prefer: wait=10` (RFC 7240, section 4.3). A malformed preference is ignored. */
function preferredWait({ headers: { prefer } }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(String(prefer ?? '')) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
