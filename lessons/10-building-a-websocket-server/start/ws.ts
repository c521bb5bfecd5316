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
    app.get('/ws', async (request, reply) => open(request, reply, null, () => {})) // TODO 1: the welcome

    app.get('/feed/:room/ws', { schema }, async (request, reply) => {
      const { room } = request.params
      const { cursor, gap } = await feed.since(room, await startOf(feed, room, request.query), 0)
      open(request, reply, room, (client) => {
        send(client, { type: 'connected', message: 'WebSocket connected', room, cursor })
        if (gap) send(client, { type: 'gap', room, cursor })
        // TODO 3: send every event after `cursor` to this client, each as one message, until it has left.
      })
    })

    // TODO 4: the server is about to stop: close every connection with SERVICE_RESTART.
    return () => {}

    function open(request: FastifyRequest, reply: FastifyReply, room: string | null, begin: (it: WebSocket) => void) {
      const { request: raw, socket, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, socket, head, (client) => {
        // TODO 2: respond to each message, and only to this client. No action of a client may end the process.
        begin(client)
      })
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
