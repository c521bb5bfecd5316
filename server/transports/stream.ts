/**
 * Streaming HTTP: one response that never ends, with one JSON object a line (newline-delimited JSON).
 * A page reads it with `fetch`, so that errors are ordinary responses with a status and a body.
 */
import type { ServerResponse } from 'node:http'
import { PRICES } from '../access/prices.ts'
import type { PollAnswer, RoomPresence, StreamMessage } from '../protocol/feed.ts'
import { Params, Query, personOf, startOf } from '../http/parameters.ts'
import { chunkOnce, writeChunk } from './chunk.ts'
import { HEARTBEAT } from './stream-reading.ts'
import type { Transport } from './transport.ts'

const PATH = '/feed/:room/stream'

const schema = { summary: 'Streaming HTTP: one response with a JSON object a line', params: Params, querystring: Query }

const options = { schema, exposeHeadRoute: false, config: { access: 'class', price: PRICES.stream } } as const

export const stream: Transport = {
  serve(app, feed, { limiter, access, presence, heartbeatMs }) {
    /** Open responses. Each has a function that stops everything that writes to it. */
    const open = new Map<ServerResponse, () => void>()

    app.get(PATH, options, async (request, reply) => {
      const { room } = request.params
      const response = reply.raw
      const after = await startOf(feed, room, request.query)
      const { cursor, gap } = await feed.since(room, after, 0)
      // If the client left during these lookups, the response has closed already and emits no second `close`.
      if (response.destroyed) return reply.hijack()

      // Both may throw, and the error still has a status: the head is not written yet.
      response.once('close', limiter.hold(request.raw))
      // Delivers nothing before this turn of the event loop is over, so the head is written first.
      const unfollow = feed.follow(room, cursor, deliver, () => response.destroy())

      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders())) response.setHeader(name, value ?? '')
      response.writeHead(200, HEADERS)
      response.write(line({ type: 'connected', cursor }) + (gap ? line({ type: 'gap', cursor }) : ''))

      const heartbeat = setInterval(() => response.write(HEARTBEAT), heartbeatMs)
      const person = personOf(request.query)
      if (person) response.once('close', presence.enter(room, person))
      const unwatch = person && presence.watch(room, undefined, (state) => writeChunk(response, presenceChunk(state)))
      const silence = (): void => {
        unfollow()
        unwatch?.()
        clearInterval(heartbeat)
        open.delete(response)
      }
      open.set(response, silence)
      response.once('close', silence)
      // The client comes back and gets 401: its session is over.
      access.onEnd(request.raw, () => {
        silence()
        response.end()
      })

      function deliver(batch: PollAnswer): Promise<void> | void {
        return writeChunk(response, chunkOf(batch))
      }
    })

    return () => {
      for (const [response, silence] of open) {
        // On a slow line the response closes long after its end, and a write after the end is an error.
        silence()
        response.end(() => response.socket?.destroySoon())
      }
    }
  },
}

const HEADERS = {
  'content-type': 'application/x-ndjson; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  // Without this header nginx holds a response back until it has 4 KiB.
  'x-accel-buffering': 'no',
}

/** JSON has no line break of its own, so that a line break ends the object. */
const line = (message: StreamMessage | RoomPresence): string => `${JSON.stringify(message)}\n`

const chunkOf = chunkOnce(({ gap, cursor, events }: PollAnswer) =>
  gap ? line({ type: 'gap', cursor }) : events.map((event) => `${JSON.stringify(event)}\n`).join(''),
)

const presenceChunk = chunkOnce((state: RoomPresence) => line(state))
