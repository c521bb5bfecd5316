/**
 * Long polling (RFC 6202): the server answers at once if it has new events. Otherwise the server holds the request
 * until an event is published or the wait is over (204). Between a response and the next request, no request is open.
 * An event that is published in between comes after the client's cursor, so the next request gets this event.
 */
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Static } from 'typebox'
import { PRICES } from '../access/prices.ts'
import type { Cursor, PollAnswer, RoomPresence } from '../protocol/feed.ts'
import { Known, LIMIT_EVENTS, Limit, Params, Query, personOf, startOf } from '../http/parameters.ts'
import { pollJson } from './encoding.ts'
import type { PollResponse } from './poll.ts'
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

type PollQuery = Static<typeof schema.querystring>

const options = { schema, exposeHeadRoute: false, config: { access: 'class', price: PRICES.stream } } as const

export const longPoll: Transport = {
  serve(app, feed, { limiter, polls, presence }) {
    const held = new Set<() => void>()
    const soon = createSoon()

    // The handler returns no promise, because a promise for each held poll would take memory and time.
    app.get(PATH, options, (request, reply) => {
      const { params, query } = request
      const waitS = Math.min(query.wait ?? preferredWait(request) ?? DEFAULT_WAIT_S, MAX_WAIT_S)
      polls.serve(request, reply, {
        fields: { 'cache-control': 'no-store', 'preference-applied': `wait=${waitS}` },
        answer: (after, response) => poll({ room: params.room, query, waitS, response }, after),
      })
    })

    return () => {
      for (const release of held) release()
    }

    function poll(asked: Asked, from: string | undefined): Promise<void> | void {
      // Most polls have the cursor of the room's end. They need no promise and no reading of the log.
      if (from !== undefined && feed.isAtEnd(asked.room, from)) return wait(asked, from)
      return read(asked, from)
    }

    async function read(asked: Asked, from: string | undefined): Promise<void> {
      const { room, query, response } = asked
      const after = await startOf(feed, room, { after: from, last: query.last })
      const news = await feed.since(room, after, limitOf(query))
      // The client may have left while the server read the feed.
      if (response.isGone) return
      if (after !== undefined && news.events.length === 0 && !news.more && !news.gap) return wait(asked, news.cursor)
      const person = personOf(query)
      if (person) response.onClose(presence.enter(room, person))
      send(asked, news, false)
    }

    /** Holds the poll until there are events after the cursor, the presence changes or the wait is over. */
    function wait(asked: Asked, cursor: Cursor): void {
      const { room, query, waitS, response } = asked
      const person = personOf(query)
      if (person) response.onClose(presence.enter(room, person))
      if (person && presence.isOutdated(room, query.presence))
        return send(asked, { events: [], cursor, gap: false, more: false }, false)

      response.onClose(limiter.hold(response.request))
      let isFree = false
      const stop = feed.follow(
        room,
        cursor,
        (batch) => {
          free()
          // Answer the poll after the streams of the room have got the batch, because a stream needs only one write.
          soon(() => done(batch))
        },
        (error) => {
          free()
          response.fail(error)
        },
      )
      const unwatch = person && presence.watch(room, query.presence, releaseWithPresence)
      const timer = setTimeout(release, jitteredMs(waitS))
      // A `close` before the server has sent the response is the only sign that the client has left.
      response.onClose(release)
      held.add(release)

      function release(): void {
        if (isFree) return
        free()
        done(null)
      }

      /** The list of people is known even if the log cannot be read, for example while Redis is away. */
      function releaseWithPresence(): void {
        if (isFree) return
        const isAtEnd = feed.isAtEnd(room, cursor)
        free()
        done(isAtEnd ? { events: [], cursor, gap: false, more: false } : null)
      }

      /** Removes the timer and all listeners. Runs when the wait ends, for any reason. */
      function free(): void {
        isFree = true
        stop()
        unwatch?.()
        clearTimeout(timer)
        held.delete(release)
      }

      function done(batch: PollAnswer | null): void {
        if (response.isGone) return
        // All waiting polls get the same batch object, so the batch is encoded only once.
        if (batch && batch.events.length <= limitOf(query)) send(asked, batch, true)
        else
          feed
            .since(room, cursor, limitOf(query))
            .then((news) => send(asked, news, true))
            .catch((error) => response.fail(error))
      }
    }

    function send(asked: Asked, news: PollAnswer, isEnd: boolean): void {
      const told = presentFor(asked)
      asked.response.send(isEnd && news.events.length === 0 && !news.gap && !told ? null : pollJson(news, told))
    }

    /** Returns the presence if the client does not know it. If the client names no person, it gets no presence. */
    function presentFor({ room, query }: Asked): RoomPresence | null {
      if (query.user === undefined) return null
      return presence.isKnown(room, query.presence) ? null : presence.of(room)
    }
  },
}

/**
 * Returns a function that calls its argument in the next microtask. All calls of one turn share a microtask, because a
 * thousand polls often end together, and each call of `queueMicrotask` takes memory and time.
 */
function createSoon(): (call: () => void) => void {
  const calls: (() => void)[] = []
  const callAll = (): void => {
    for (const call of calls.splice(0)) call()
  }
  return (call) => {
    if (calls.push(call) === 1) queueMicrotask(callAll)
  }
}

interface Asked {
  readonly room: string
  readonly query: PollQuery
  readonly waitS: number
  readonly response: PollResponse
}

const limitOf = ({ limit = LIMIT_EVENTS }: PollQuery): number => Math.min(limit, LIMIT_EVENTS)

/**
 * Shortens a wait by up to a tenth, so that polls that began together do not all end together. There are only ten
 * lengths, because Node needs more time for timers with many different lengths.
 */
const jitteredMs = (waitS: number): number => waitS * 1000 * (1 - Math.floor(Math.random() * 10) / 100)

/** Reads `Prefer: wait=10` (RFC 7240, section 4.3). A malformed preference is ignored. */
function preferredWait({ headers: { prefer } }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(String(prefer ?? '')) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}
