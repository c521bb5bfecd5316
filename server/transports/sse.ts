/**
 * Server-sent events (WHATWG HTML, section 9.2): one response that never ends. Each event has its cursor in the field
 * `id:`. When a browser reconnects, it sends the last cursor in the field Last-Event-ID.
 */
import { PRICES } from '../access/prices.ts'
import { isCursor } from '../feed/feed.ts'
import type { Feed } from '../feed/feed.ts'
import { LogUnavailable } from '../feed/log.ts'
import type { Cursor, LogState, PollAnswer, RoomPresence } from '../protocol/feed.ts'
import { Params, Query, personOf, startOf } from '../http/parameters.ts'
import { chunkOnce, toChunk } from './chunk.ts'
import { EndlessResponse } from './endless.ts'
import { createHeartbeats } from './heartbeats.ts'
import { logState } from './log-state.ts'
import type { Transport } from './transport.ts'

/**
 * Heartbeat: a comment and an event without data. The comment keeps the connection open, but an EventSource does not
 * report comments. The event lets a page listen for heartbeats; other clients ignore the event.
 */
const HEARTBEAT = toChunk(':hb\nevent: heartbeat\ndata:\n\n')

const PATH = '/feed/:room/sse'

const schema = { summary: 'Server-sent events: one response that never ends', params: Params, querystring: Query }

const options = { schema, exposeHeadRoute: false, config: { access: 'class', price: PRICES.stream } } as const

export const sse: Transport = {
  serve(app, feed, { limiter, access, presence, heartbeatMs }) {
    /** Open streams. Each stream has a function that stops everything that writes to the stream. */
    const open = new Map<EndlessResponse, () => void>()
    /**
     * Number of goodbyes so far. A request that was reading the log during a goodbye must not open a stream that nobody
     * ends. A change of the network conditions says goodbye too, and later requests are welcome again.
     */
    let goodbyes = 0
    const heartbeats = createHeartbeats<EndlessResponse>(heartbeatMs, (stream) => void stream.write(HEARTBEAT))

    app.get(PATH, options, async (request, reply) => {
      const { room } = request.params
      const before = goodbyes
      const lastEventId = request.headers['last-event-id']?.toString()
      const start = await begin(feed, room, request.query, lastEventId)

      reply.hijack()
      // The client may have left while the server read the feed. In this case `close` has already been emitted, and the
      // response will not emit `close` again.
      if (reply.raw.destroyed) return
      const stream = new EndlessResponse(reply.raw)
      if (goodbyes !== before || start instanceof LogUnavailable) {
        const why = start instanceof LogUnavailable ? start.message : 'The server restarts.'
        stream.begin(reply, HEADERS, `: ${why}\nretry: ${retryMs()}\n\n`)
        return stream.end()
      }
      let trouble = ''
      let unfollow = (): void => {}
      try {
        stream.onClose(limiter.hold(request.raw))
        // `follow` delivers events only after this turn of the event loop, so the head is written before the first
        // event.
        unfollow = feed.follow(
          room,
          start.cursor,
          (batch) => stream.write(chunkOf(batch)),
          () => stream.destroy(),
        )
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error)
      }

      // A block with only an `id:` line dispatches no event, but sets the last event id. So a client that loses its
      // connection before the first event still has a cursor.
      const welcome = `id: ${start.cursor}\n\n${start.gap ? gap(start.cursor) : ''}`
      // An error status would stop an EventSource for good. After a response with the status 200, an EventSource
      // reconnects.
      if (trouble !== '') {
        stream.begin(reply, HEADERS, `: ${trouble}\nretry: ${FULL_HOUSE_MS + retryMs()}\n${welcome}`)
        return stream.end()
      }
      stream.begin(reply, HEADERS, `retry: ${retryMs()}\n${welcome}`)

      heartbeats.add(stream)
      const person = personOf(request.query)
      if (person) stream.onClose(presence.enter(room, person))
      const unwatch = person && presence.watch(room, undefined, (state) => stream.write(presenceChunk(state)))
      const unhear = feed.onTrouble?.((trouble) => stream.write(stateChunk(logState(trouble))))
      const silence = (): void => {
        unfollow()
        unhear?.()
        unwatch?.()
        heartbeats.remove(stream)
        open.delete(stream)
      }
      open.set(stream, silence)
      stream.onClose(silence)
      // Runs when the session has ended. When the client reconnects, it gets 401, and this error status stops its
      // EventSource for good.
      access.onEnd(request.raw, () => {
        silence()
        stream.end()
      })
    })

    return () => {
      goodbyes += 1
      for (const [stream, silence] of open) {
        // On a slow connection the response closes long after the server called `end`. A write after the end would be
        // an error.
        silence()
        // Each client gets a different reconnect time, so that not all clients reconnect at the same moment.
        stream.end(`retry: ${retryMs()}\n\n`)
      }
    }
  },
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // Without this field, nginx holds a response back until nginx has collected 4 KiB of it.
  'x-accel-buffering': 'no',
}

/** Encodes a batch. The JSON after `data:` has no line break, so one line is enough. */
const chunkOf = chunkOnce((batch: PollAnswer) =>
  batch.gap
    ? gap(batch.cursor)
    : batch.events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
)

/**
 * Encodes a gap as an event with an id. Without the id, a plain EventSource would get the same gap at every reconnect.
 */
const gap = (cursor: Cursor): string =>
  `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`

const stateChunk = chunkOnce((state: LogState) => `event: ${state.type}\ndata: ${JSON.stringify(state)}\n\n`)

/** Encodes presence as an event without an id, because presence does not change the client's cursor. */
const presenceChunk = chunkOnce((state: RoomPresence) => `event: presence\ndata: ${JSON.stringify(state)}\n\n`)

/** Extra delay before the reconnect of a client that was refused because the limit of streams was reached. */
const FULL_HOUSE_MS = 4000

/**
 * Returns a random reconnect time in ms. The browser's default time is always the same. With this default, all browsers
 * of a class of students would reconnect at the same moment.
 */
const retryMs = (): number => 1000 + Math.floor(Math.random() * 2000)

/**
 * Returns the cursor at which a stream starts, and whether a gap lies before it. Returns an error if the event log cannot
 * be read. This must not become an error status, which would stop an EventSource for good.
 */
async function begin(
  feed: Feed,
  room: string,
  query: { after?: string; last?: number },
  lastEventId: string | undefined,
): Promise<PollAnswer | LogUnavailable> {
  try {
    return await feed.since(room, await startOfStream(feed, room, query, lastEventId), 0)
  } catch (error) {
    if (error instanceof LogUnavailable) return error
    throw error
  }
}

/**
 * Returns the cursor at which a stream starts. An EventSource that reconnects requests its first URL again, so
 * Last-Event-ID has priority over `after`. A malformed cursor leads to a gap instead of an error, because an error
 * status would stop an EventSource for good.
 */
function startOfStream(
  feed: Feed,
  room: string,
  query: { after?: string; last?: number },
  lastEventId: string | undefined,
): Promise<Cursor | undefined> | Cursor {
  const after = lastEventId || query.after
  if (after !== undefined && !isCursor(after)) return after
  return startOf(feed, room, after === undefined ? query : { after })
}
