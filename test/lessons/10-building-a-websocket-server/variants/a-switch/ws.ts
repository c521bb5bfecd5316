/** Uses a `switch` over the types, responds in order, and sends the events of a batch in a loop. */
import type { WebSocket } from 'ws'
import { Params, Query, startOf } from '#server/transports/transport.ts'
import type { App, Transport } from '#server/transports/transport.ts'
import type { Feed } from '#server/feed/feed.ts'
import { createHandshakes, takeUpgrade } from '#server/upgrade.ts'

const GOING_AWAY = 1001
const BYTES = 16 * 1024

export const ws: Transport = {
  serve(app: App, feed: Feed) {
    const handshakes = createHandshakes(BYTES)
    const goodbyes = new Map<WebSocket, () => void>()

    app.get('/ws', (request, reply) => {
      const { request: raw, socket, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, socket, head, (client) => {
        client.send('{"type":"connected","message":"WebSocket connected"}')
        attend(client)
      })
    })

    app.get('/feed/:room/ws', { schema: { params: Params, querystring: Query } }, async (request, reply) => {
      const { room } = request.params
      const { cursor, gap } = await feed.since(room, await startOf(feed, room, request.query), 0)
      const { request: raw, socket, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, socket, head, (client) => {
        client.send(JSON.stringify({ room, cursor, message: 'WebSocket connected', type: 'connected' }))
        if (gap) client.send(JSON.stringify({ type: 'gap', room, cursor }))
        attend(client, room)
        const stop = feed.follow(
          room,
          cursor,
          ({ events, gap, cursor }) => {
            if (gap) client.send(JSON.stringify({ type: 'gap', room, cursor }))
            for (const event of events) client.send(JSON.stringify(event))
          },
          () => client.close(1011),
        )
        client.once('close', () => stop())
      })
    })

    return () => goodbyes.forEach((goodbye) => goodbye())

    function attend(client: WebSocket, room?: string): void {
      goodbyes.set(client, () => client.close(GOING_AWAY, 'The server stops.'))
      client.on('error', () => client.terminate())
      client.on('close', () => goodbyes.delete(client))
      client.on('message', (data) => {
        void hear(String(data), client, room)
      })
    }

    async function hear(text: string, client: WebSocket, room?: string): Promise<void> {
      const refuse = (message: string) => client.send(JSON.stringify({ type: 'error', message }))
      let said: Partial<Record<string, unknown>> | null
      try {
        said = JSON.parse(text)
      } catch {
        return refuse(`This is not JSON: ${text.slice(0, 50)}`)
      }
      switch (said?.['type']) {
        case 'ping':
          return client.send('{"type":"pong"}')
        case 'message': {
          const { user, text, key } = said
          if (room === undefined) return refuse('You are in no room.')
          if (typeof user !== 'string' || typeof text !== 'string') return refuse('user and text have to be texts.')
          const idempotent = typeof key === 'string' ? key : undefined
          try {
            const { event } = await feed.publish(room, { type: 'message', user, text }, idempotent)
            return client.send(JSON.stringify({ type: 'accepted', key, id: event.id }))
          } catch (error) {
            return refuse(String(error))
          }
        }
        default:
          return refuse(`I do not know what to do with ${text.slice(0, 50)}`)
      }
    }
  },
}
