/** WebSocket (RFC 6455) with the package ws, on the existing HTTP server. Every message is JSON with a type. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { WebSocket } from 'ws'
import type { PollAnswer } from '#server/protocol.ts'
import { MESSAGE, MESSAGE_BYTES, Params, Query, startOf } from '#server/transports/transport.ts'
import type { Transport } from '#server/transports/transport.ts'
import { SERVICE_RESTART, createHandshakes, takeUpgrade } from '#server/upgrade.ts'

const schema = { summary: 'WebSocket: one connection, open both ways', params: Params, querystring: Query }
const Message = Compile(Type.Object({ user: MESSAGE.user, text: MESSAGE.text, key: Type.Optional(MESSAGE.key) }))

export const ws: Transport = {
  serve(app, feed) {
    /** All open connections. */
    const clients = new Set<WebSocket>()
    /** Makes the handshake and reads frames (lesson 9). Closes a client with 1009 if it sends a message over 16 KiB. */
    const handshakes = createHandshakes(MESSAGE_BYTES)

    // `wscat -c ws://localhost:4110` names no path and leads here: a conversation without a room.
    app.get('/ws', async (request, reply) => {
      open(request, reply, null, (client) => send(client, { type: 'connected', message: 'WebSocket connected' }))
    })

    app.get('/feed/:room/ws', { schema }, async (request, reply) => {
      const { room } = request.params
      const { cursor, gap } = await feed.since(room, await startOf(feed, room, request.query), 0)
      open(request, reply, room, (client) => {
        send(client, { type: 'connected', message: 'WebSocket connected', room, cursor })
        if (gap) send(client, { type: 'gap', room, cursor })
        const deliver = async (batch: PollAnswer) => {
          if (batch.gap) await send(client, { type: 'gap', room, cursor: batch.cursor })
          await Promise.all(batch.events.map((event) => send(client, event)))
        }
        const stop = feed.follow(room, cursor, deliver, () => client.terminate())
        client.on('close', stop)
      })
    })

    return () => {
      for (const client of clients) client.close(SERVICE_RESTART)
    }

    function open(request: FastifyRequest, reply: FastifyReply, room: string | null, begin: (it: WebSocket) => void) {
      const { request: raw, socket, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, socket, head, (client) => {
        clients.add(client)
        client.on('close', () => clients.delete(client))
        // ws closes a client that breaks the protocol. An error event without a listener would end the process.
        client.on('error', () => {})
        client.on('message', async (data) => {
          const error = ({ message }: Error) => ({ type: 'error', message })
          send(client, await answerTo(String(data), room).catch(error))
        })
        begin(client)
      })
    }

    /** The response to a message. Rejects with an error that names the mistake. */
    async function answerTo(text: string, room: string | null): Promise<object> {
      const message: unknown = JSON.parse(text)
      const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined
      if (type === 'ping') return { type: 'pong' }
      if (type === 'message') return publish(message, room)
      throw new Error(`This server does not know the type ${JSON.stringify(type)}.`)
    }

    /** Publishes a client's message to its room. Rejects if that is not possible. */
    async function publish(message: unknown, room: string | null): Promise<object> {
      if (room === null) throw new Error('This connection is in no room.')
      if (!Message.Check(message))
        throw new Error('A message needs a user of 1 to 64 characters and a text of 1 to 4000.')
      const { user, text, key } = message
      const { event } = await feed.publish(room, { type: 'message', user, text }, key)
      return { type: 'accepted', key, id: event.id }
    }
  },
}

/** Sends one frame of text. Resolves when the bytes are sent, or when they cannot be sent because of a `close`. */
function send(client: WebSocket, message: object): Promise<void> {
  return new Promise((resolve) => client.send(JSON.stringify(message), () => resolve()))
}
