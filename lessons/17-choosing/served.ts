/** Serves the measured transports at one port: the solutions of lessons 3, 4 and 8, and the sandbox's WebSocket. */
import type { Transport } from '#server/transports/transport.ts'
import { ws } from '#server/transports/ws.ts'
import { shortPoll } from '../03-short-polling/solution/short-poll.ts'
import { longPoll } from '../04-long-polling/solution/long-poll.ts'
import { sse } from '../08-sse-in-practice/solution/sse.ts'

export const served: Transport = {
  serve(app, feed, rules) {
    const goodbyes = [shortPoll, longPoll, sse, ws].map((transport) => transport.serve(app, feed, rules))
    return () => goodbyes.forEach((goodbye) => goodbye())
  },
}
