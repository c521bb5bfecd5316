/**
 * Server-sent events (WHATWG HTML, section 9.2): one answer that never ends. Each event carries
 * its cursor as `id:`, which the browser sends back as Last-Event-ID when it reconnects.
 */
import type { ServerResponse } from 'node:http'
import { isCursor } from '../feed/feed.ts'
import type { Feed } from '../feed/feed.ts'
import type { Cursor, PollAnswer, RoomPresence } from '../protocol.ts'
import { Params, Query, once, personOf, startOf } from './transport.ts'
import type { Transport } from './transport.ts'

/**
 * A comment keeps the connection, and EventSource tells nobody of it. So the block goes on with an
 * event without data, which a page can wait for and which is nothing to whoever does not.
 */
const HEARTBEAT = ':hb\nevent: heartbeat\ndata:\n\n'

const schema = { summary: 'Server-sent events: one answer that never ends', params: Params, querystring: Query }

export const sse: Transport = {
  serve(app, feed, { limiter, admission, presence, heartbeatMs }) {
    /** With what takes away all that writes to it. */
    const open = new Map<ServerResponse, () => void>()

    app.get('/feed/:room/sse', { schema }, async (request, reply) => {
      const { room } = request.params
      const after = await startOfStream(feed, room, request.query, request.headers['last-event-id']?.toString())
      const start = await feed.since(room, after, 0)

      reply.hijack()
      const stream = reply.raw
      // It may have gone while its cursor was looked up, and would not say so again.
      if (stream.destroyed) return
      let trouble = ''
      let unfollow = (): void => {}
      try {
        stream.once('close', limiter.hold(request.raw))
        // Delivers nothing before this turn is over, and so nothing before the head.
        unfollow = feed.follow(room, start.cursor, deliver, () => stream.destroy())
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error)
      }

      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      stream.writeHead(200, HEADERS)
      // The blank line behind id: dispatches no event but sets the id: a client that is cut
      // before its first event still knows where it was.
      const welcome = `id: ${start.cursor}\n\n${start.gap ? gap(start.cursor) : ''}`
      // An error status would end an EventSource for good. This one comes back when others have left.
      if (trouble !== '') return void stream.end(`: ${trouble}\nretry: ${FULL_HOUSE_MS + retryMs()}\n${welcome}`)
      stream.write(`retry: ${retryMs()}\n${welcome}`)

      const heartbeat = setInterval(() => stream.write(HEARTBEAT), heartbeatMs)
      const person = personOf(request.query)
      if (person) stream.once('close', presence.enter(room, person))
      const unwatch = person && presence.watch(room, undefined, (state) => write(presenceBytes(state)))
      const silence = (): void => {
        unfollow()
        unwatch?.()
        clearInterval(heartbeat)
        open.delete(stream)
      }
      open.set(stream, silence)
      stream.once('close', silence)
      // When it comes back it is told that its session is over, by a status that ends it for good.
      const endUntold = (): void => {
        silence()
        stream.end()
      }
      stream.once('close', admission.until(request.raw, endUntold))

      function deliver(batch: PollAnswer): Promise<void> | void {
        return write(bytesOf(batch))
      }

      function write(bytes: Buffer): Promise<void> | void {
        if (!stream.write(bytes)) return new Promise((resolve) => stream.once('drain', resolve))
      }
    })

    return () => {
      for (const [stream, silence] of open) {
        // On a slow line it closes long after its end, and what is written behind that ends the process.
        silence()
        // A new time to each, or all of them come back in the same instant.
        stream.end(`retry: ${retryMs()}\n\n`, () => stream.socket?.destroySoon())
      }
    }
  },
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // nginx holds an answer back until 4 KiB are together, unless told not to.
  'x-accel-buffering': 'no',
}

/** `data:` holds JSON, which has no line break, so that one line is enough. */
const bytesOf = once((batch: PollAnswer) =>
  Buffer.from(
    batch.gap
      ? gap(batch.cursor)
      : batch.events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  ),
)

/** With an id, or a plain EventSource would be told of the same gap at every reconnect. */
const gap = (cursor: Cursor): string =>
  `event: gap\nid: ${cursor}\ndata: ${JSON.stringify({ type: 'gap', cursor })}\n\n`

/** Without an id: where the client is in the feed has nothing to do with it. */
const presenceBytes = once((state: RoomPresence) => Buffer.from(`event: presence\ndata: ${JSON.stringify(state)}\n\n`))

/** How much later those come back for whom there was no place. */
const FULL_HOUSE_MS = 4000

/** How long the browser waits before it reconnects: its own time has no jitter, and a class would return in lockstep. */
const retryMs = (): number => 1000 + Math.floor(Math.random() * 2000)

/**
 * A reconnecting EventSource asks for the same URL as at first, so Last-Event-ID wins over
 * `after`. What does not parse becomes a gap, because an error status would end an EventSource
 * for good.
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
