/**
 * WebSocket (RFC 6455): one connection, open both ways. Down come the events of the rooms that
 * the client is in, one a frame; up come ping, join, leave, typing and message.
 */
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { FeedError, errorMessage, quote } from '../errors.ts'
import type { Cursor, FeedMessage, PollAnswer } from '../protocol.ts'
import { SERVICE_RESTART, createHandshakes, takeUpgrade } from '../upgrade.ts'
import { MESSAGE_BYTES, Params, Query, once, startOf } from './transport.ts'
import type { Transport } from './transport.ts'
import { parseRequest } from './ws-request.ts'
import type { Request } from './ws-request.ts'

const HEARTBEAT_MS = 15_000

interface Client {
  readonly id: string
  readonly socket: WebSocket
  /** The TCP socket below: events are framed once for all clients and written to it as they are. */
  readonly wire: Socket
  /** The rooms it is in, each with what ends the following. */
  readonly rooms: Map<string, () => void>
}

export const ws: Transport = {
  serve(app, feed) {
    const server = createHandshakes(MESSAGE_BYTES)
    const clients = new Set<Client>()

    app.get(
      '/feed/:room/ws',
      { schema: { summary: 'WebSocket: one connection, open both ways', params: Params, querystring: Query } },
      async (request, reply) => {
        const {
          params: { room },
          query,
        } = request
        const after = await startOf(feed, room, query)
        const { cursor, gap } = await feed.since(room, after, 0)
        open(request, reply, (client) => {
          send(client, { type: 'connected', message: 'WebSocket connected', room, cursor })
          if (gap) send(client, { type: 'gap', room, cursor })
          enter(client, room, cursor)
        })
      },
    )

    // The bare conversation, in no room until it joins one.
    app.get('/ws', { schema: { summary: 'WebSocket in no room; the same as ws://HOST/' } }, async (request, reply) =>
      open(request, reply, (client) => send(client, { type: 'connected', message: 'WebSocket connected' })),
    )

    return () => {
      for (const { socket } of clients) socket.close(SERVICE_RESTART, 'The server restarts.')
    }

    function open(request: FastifyRequest, reply: FastifyReply, welcome: (client: Client) => void): void {
      const upgrade = takeUpgrade(request, reply)
      server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => {
        const client: Client = { id: crypto.randomUUID(), socket, wire: upgrade.socket, rooms: new Map() }
        clients.add(client)
        const stopHeartbeat = heartbeat(socket)
        socket.on('message', (data, isBinary) => void answer(client, isBinary ? '' : String(data)))
        // A breach of the protocol: ws has sent the close code already, and `close` follows.
        socket.on('error', () => {})
        socket.on('close', () => {
          stopHeartbeat()
          for (const stop of client.rooms.values()) stop()
          clients.delete(client)
        })
        welcome(client)
      })
    }

    function enter(client: Client, room: string, after: Cursor): void {
      client.rooms.get(room)?.()
      client.rooms.set(
        room,
        feed.follow(
          room,
          after,
          (batch) => deliver(client, room, batch),
          () => client.socket.terminate(),
        ),
      )
    }

    /** Whatever comes, the connection stays: an error is an answer like any other. */
    async function answer(client: Client, text: string): Promise<void> {
      try {
        await obey(client, parseRequest(text))
      } catch (error) {
        send(
          client,
          errorMessage(
            error instanceof FeedError ? error : new FeedError('log-unavailable', 'The event log did not take this.'),
          ),
        )
      }
    }

    async function obey(client: Client, request: Request): Promise<void> {
      if (request.type === 'ping') return send(client, { type: 'pong' })
      const room = request.room ?? onlyRoom(client, request.type)
      if (request.type === 'join') return join(client, room, request.name ?? client.id)
      if (!client.rooms.has(room))
        throw new FeedError(
          'not-joined',
          `${request.type} names the room ${quote(room)}, which this connection is not in.`,
        )
      if (request.type === 'leave') return leave(client, room)
      if (request.type === 'typing') return whisper(client, room, 'user_typing', request.name ?? client.id)
      const { event } = await feed.publish(
        room,
        { type: 'message', user: request.user, text: request.text },
        request.key,
      )
      if (request.key !== undefined) send(client, { type: 'accepted', key: request.key, id: event.id })
    }

    async function join(client: Client, room: string, name: string): Promise<void> {
      const { cursor } = await feed.since(room, undefined, 0)
      send(client, { type: 'joined', room, cursor })
      if (client.socket.readyState === client.socket.OPEN) enter(client, room, cursor)
      whisper(client, room, 'user_joined', name)
    }

    function leave(client: Client, room: string): void {
      client.rooms.get(room)?.()
      client.rooms.delete(room)
      send(client, { type: 'left', room })
    }

    /** To everybody else in the room; kept nowhere. */
    function whisper(from: Client, room: string, type: 'user_joined' | 'user_typing', name: string): void {
      for (const client of clients) {
        if (client !== from && client.rooms.has(room)) send(client, { type, room, userId: from.id, name })
      }
    }
  },
}

function send({ socket }: Client, message: FeedMessage): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
}

/** Behind the back of `ws`, which would frame the same bytes anew for each client; without compression it keeps no queue that this could overtake. */
function deliver({ socket, wire }: Client, room: string, batch: PollAnswer): Promise<void> | void {
  if (socket.readyState !== socket.OPEN) return
  const bytes = batch.gap ? frame({ type: 'gap', room, cursor: batch.cursor }) : framesOf(batch)
  if (!wire.write(bytes)) return new Promise((resolve) => wire.once('drain', resolve))
}

const framesOf = once((batch: PollAnswer) => Buffer.concat(batch.events.map(frame)))

/** An unmasked text frame (RFC 6455, section 5.2): FIN and opcode 1, then the length in 7 or 16 bits. */
function frame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message))
  const { length } = payload
  if (length > 0xffff) throw new RangeError(`An event of ${length} bytes does not fit a frame with a 16-bit length.`)
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), payload])
}

/** Pings, and ends a connection whose last ping was never answered: its other end is gone. */
function heartbeat(socket: WebSocket): () => void {
  let answered = true
  socket.on('pong', () => (answered = true))
  const timer = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, HEARTBEAT_MS)
  return () => clearInterval(timer)
}

function onlyRoom({ rooms }: Client, type: string): string {
  const [room, another] = rooms.keys()
  if (room !== undefined && another === undefined && type !== 'join') return room
  throw new FeedError('bad-message', `${type} names no room.`, `Name one: {"type":"${type}","room":"lobby"}.`)
}
