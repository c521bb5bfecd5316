/**
 * Streaming HTTP: one response that never ends, with one JSON object per line (newline-delimited JSON). A page reads
 * the response with `fetch`, so an error can be an ordinary response with a status and a body.
 */
import { PRICES } from '../access/prices.ts'
import type { LogState, PollAnswer, RoomPresence, StreamMessage } from '../protocol/feed.ts'
import { Params, Query, personOf, startOf } from '../http/parameters.ts'
import { chunkOnce, toChunk } from './chunk.ts'
import { EndlessResponse } from './endless.ts'
import { createHeartbeats } from './heartbeats.ts'
import { HEARTBEAT } from './stream-reading.ts'
import { logState } from './log-state.ts'
import type { Transport } from './transport.ts'

const PATH = '/feed/:room/stream'

const schema = {
  summary: 'Streaming HTTP: one response with one JSON object per line',
  params: Params,
  querystring: Query,
}

const options = { schema, exposeHeadRoute: false, config: { access: 'class', price: PRICES.stream } } as const

export const stream: Transport = {
  serve(app, feed, { limiter, access, presence, heartbeatMs }) {
    /** Open responses. Each response has a function that stops everything that writes to the response. */
    const open = new Map<EndlessResponse, () => void>()
    const heartbeat = toChunk(HEARTBEAT)
    /**
     * Number of goodbyes so far. A request that was reading the log during a goodbye must not open a stream that nobody
     * ends. A change of the network conditions says goodbye too, and later requests are welcome again.
     */
    let goodbyes = 0
    const heartbeats = createHeartbeats<EndlessResponse>(heartbeatMs, (response) => void response.write(heartbeat))

    app.get(PATH, options, async (request, reply) => {
      const { room } = request.params
      const before = goodbyes
      const after = await startOf(feed, room, request.query)
      const { cursor, gap } = await feed.since(room, after, 0)
      // The client may have left while the server read the feed. In this case `close` has already been emitted, and the
      // response will not emit `close` again.
      if (reply.raw.destroyed) return reply.hijack()

      const response = new EndlessResponse(reply.raw)
      // `hold` and `follow` can throw. The head is not written yet, so the client gets the error with its status.
      response.onClose(limiter.hold(request.raw))
      // `follow` delivers events only after this turn of the event loop, so the head is written before the first event.
      const unfollow = feed.follow(
        room,
        cursor,
        (batch) => response.write(chunkOf(batch)),
        () => response.destroy(),
      )

      reply.hijack()
      response.begin(reply, HEADERS, line({ type: 'connected', cursor }) + (gap ? line({ type: 'gap', cursor }) : ''))

      if (goodbyes !== before) {
        unfollow()
        return response.end()
      }
      heartbeats.add(response)
      const person = personOf(request.query)
      if (person) response.onClose(presence.enter(room, person))
      const unwatch = person && presence.watch(room, undefined, (state) => response.write(presenceChunk(state)))
      const unhear = feed.onTrouble?.((trouble) => response.write(stateChunk(logState(trouble))))
      const silence = (): void => {
        unfollow()
        unhear?.()
        unwatch?.()
        heartbeats.remove(response)
        open.delete(response)
      }
      open.set(response, silence)
      response.onClose(silence)
      // Runs when the session has ended. When the client reconnects, it gets 401.
      access.onEnd(request.raw, () => {
        silence()
        response.end()
      })
    })

    return () => {
      goodbyes += 1
      for (const [response, silence] of open) {
        // On a slow connection the response closes long after its end. A write after the end would be an error.
        silence()
        response.end()
      }
    }
  },
}

const HEADERS = {
  'content-type': 'application/x-ndjson; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // Without this header, nginx holds a response back until nginx has collected 4 KiB of it.
  'x-accel-buffering': 'no',
}

/** Writes a message as one line. The JSON contains no line break, so the line break marks the end of the message. */
const line = (message: StreamMessage | RoomPresence): string => `${JSON.stringify(message)}\n`

const chunkOf = chunkOnce(({ gap, cursor, events }: PollAnswer) =>
  gap ? line({ type: 'gap', cursor }) : events.map((event) => `${JSON.stringify(event)}\n`).join(''),
)

const stateChunk = chunkOnce((state: LogState) => line(state))

const presenceChunk = chunkOnce((state: RoomPresence) => line(state))
