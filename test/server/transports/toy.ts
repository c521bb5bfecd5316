/** Server half of a transport that exists only in tests: one response that never ends, of netstrings (`LENGTH:JSON,`). */
import type { ServerResponse } from 'node:http'
import { Params, Query, startOf } from '../../../server/http/parameters.ts'
import type { ListedTransport } from '../../../server/transports/listed.ts'

export const TOY = 'toy'

const PATH = `/feed/:room/${TOY}`

const HEARTBEAT = '0:,'

const netstring = (text: string): string => `${Buffer.byteLength(text)}:${text},`

const options = {
  schema: { summary: 'Netstrings: a response that never ends', params: Params, querystring: Query },
  exposeHeadRoute: false,
  config: { access: 'class' },
} as const

export const toy: ListedTransport = {
  kind: 'stream',
  paths: [PATH],
  reading: { body: readNetstrings },
  serve(app, feed, { limiter, heartbeatMs }) {
    const open = new Set<ServerResponse>()

    app.get(PATH, options, async (request, reply) => {
      const { room } = request.params
      const after = await startOf(feed, room, request.query)
      const { cursor } = await feed.since(room, after, 0)
      reply.raw.once('close', limiter.hold(request.raw))
      const response = reply.hijack().raw
      response.writeHead(200, { 'content-type': 'application/netstrings' }).flushHeaders()
      open.add(response)
      const heartbeat = setInterval(() => response.write(HEARTBEAT), heartbeatMs)
      const unfollow = feed.follow(
        room,
        cursor,
        ({ events }) => {
          const text = events.map((event) => netstring(JSON.stringify(event))).join('')
          if (!response.write(text)) return new Promise((resolve) => response.once('drain', resolve))
          return undefined
        },
        () => response.destroy(),
      )
      response.once('close', () => {
        unfollow()
        clearInterval(heartbeat)
        open.delete(response)
      })
    })

    return () => {
      for (const response of open) response.end(() => response.socket?.destroySoon())
    }
  },
}

function readNetstrings(onEvent?: (event: string) => void): (bytes: Buffer) => { payload: number; heartbeats: number } {
  let length = ''
  let left = -1
  let event = ''
  return (bytes) => {
    const share = { payload: 0, heartbeats: 0 }
    for (const character of bytes.toString('latin1')) {
      if (left > 0) {
        share.payload += 1
        event += character
        left -= 1
      } else if (character === ',') {
        if (event === '') share.heartbeats += HEARTBEAT.length
        else onEvent?.(event)
        event = ''
        length = ''
        left = -1
      } else if (character === ':') left = Number(length)
      else length += character
    }
    return share
  }
}
