/** Uses the set of clients and the `connection` event of ws, and keeps no set of its own. */
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import type { PollAnswer } from '#server/protocol.ts'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'
import { takeUpgrade } from '#server/upgrade.ts'

export const ws: Transport = {
  serve(app, feed) {
    const server = new WebSocketServer({ noServer: true, maxPayload: 2 ** 14 })
    const onOutput = (client: WebSocket, message: unknown) => client.send(JSON.stringify(message))
    const welcome = { type: 'connected', message: 'WebSocket connected' }

    server.on('connection', (client: WebSocket, _request: IncomingMessage, room?: string, start?: PollAnswer) => {
      client.on('error', console.error)
      client.on('message', (data, isBinary) => {
        answer(isBinary ? '' : String(data), room).then(
          (message) => onOutput(client, message),
          (error: unknown) => onOutput(client, { type: 'error', message: String(error) }),
        )
      })
      if (room === undefined || start === undefined) return onOutput(client, welcome)
      onOutput(client, { ...welcome, room, cursor: start.cursor })
      if (start.gap) onOutput(client, { type: 'gap', room, cursor: start.cursor })
      const stop = feed.follow(
        room,
        start.cursor,
        ({ events, gap, cursor }) => {
          if (gap) onOutput(client, { type: 'gap', room, cursor })
          events.forEach((event) => onOutput(client, event))
        },
        () => client.terminate(),
      )
      client.on('close', stop)
    })

    app.get('/ws', async (request, reply) => {
      const { request: raw, socket, head } = takeUpgrade(request, reply)
      server.handleUpgrade(raw, socket, head, (client) => server.emit('connection', client, raw))
    })

    app.get('/feed/:room/ws', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const start = await feed.since(room, await startOf(feed, room, request.query), 0)
      const { request: raw, socket, head } = takeUpgrade(request, reply)
      server.handleUpgrade(raw, socket, head, (client) => server.emit('connection', client, raw, room, start))
    })

    return () => {
      for (const client of server.clients) client.close(1012, 'restart')
    }

    async function answer(text: string, room?: string): Promise<object> {
      const asked: unknown = JSON.parse(text)
      const { type, user, text: said, key }: Record<string, unknown> = Object(asked)
      if (type === 'ping') return { type: 'pong' }
      if (type !== 'message') throw new Error(`There is no type ${JSON.stringify(type)}; I know ping and message.`)
      if (room === undefined) throw new Error('Join a room first.')
      if (typeof user !== 'string' || typeof said !== 'string' || said === '')
        throw new Error('A message has user and text.')
      const { event } = await feed.publish(
        room,
        { type: 'message', user, text: said },
        key === undefined ? key : String(key),
      )
      return { type: 'accepted', key, id: event.id }
    }
  },
}
