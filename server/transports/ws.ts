/**
 * WebSocket (RFC 6455): one connection, open both ways. Down come the events of the rooms that
 * the client is in, one a frame; what the client says is answered in ws-answer.ts.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { FeedError } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { PollAnswer } from '../protocol.ts'
import { POLICY_VIOLATION, SERVICE_RESTART, TRY_AGAIN_LATER, createHandshakes, takeUpgrade } from '../upgrade.ts'
import { MESSAGE_BYTES, Params, Query, once, startOf } from './transport.ts'
import type { Rules, Transport } from './transport.ts'
import { answer } from './ws-answer.ts'
import type { Client } from './ws-answer.ts'
import { UNAUTHORIZED, awaitToken } from './ws-first-message.ts'

/** That wait to be answered. What comes beyond it is left with the kernel, and so with the client. */
const WAITING_MESSAGES = 64

/** Refused in a row, each with an error: then this is no mistake but a flood, and the connection is closed. */
const REFUSED_MESSAGES = 100

const schema = { summary: 'WebSocket: one connection, open both ways', params: Params, querystring: Query }

export const ws: Transport = {
  serve(app, feed, rules) {
    const handshakes = createHandshakes(MESSAGE_BYTES)
    const clients = new Set<Client>()

    app.get('/feed/:room/ws', { schema }, async (request, reply) => {
      const { room } = request.params
      const after = await startOf(feed, room, request.query)
      const { cursor, gap } = await feed.since(room, after, 0)
      open(request, reply, (client) => {
        client.send({ type: 'connected', message: 'WebSocket connected', room, cursor })
        if (gap) client.send({ type: 'gap', room, cursor })
        client.enter(room, cursor)
      })
    })

    // The bare conversation, in no room until it joins one.
    app.get('/ws', { schema: { summary: 'WebSocket in no room; the same as ws://HOST/' } }, async (request, reply) => {
      open(request, reply, (client) => client.send({ type: 'connected', message: 'WebSocket connected' }))
    })

    return () => {
      for (const client of clients) client.close(SERVICE_RESTART, 'The server restarts.')
    }

    function open(request: FastifyRequest, reply: FastifyReply, welcome: (client: Client) => void): void {
      const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
      const { admission } = rules
      handshakes.handleUpgrade(raw, wire, head, (socket) => {
        const client = createClient(feed, socket, raw, rules)
        const stopHeartbeat = heartbeat(socket, rules.heartbeatMs, () => rules.dropped('ping unanswered'))
        clients.add(client)
        const converse = async (text: string): Promise<void> => answer(text, client, clients, feed)
        let take = converse
        hear(socket, wire, (text) => take(text))
        rules.progress.dropBy(wire, (reason) => client.close(TRY_AGAIN_LATER, reason))
        // A breach of the protocol: ws has sent the close code already, and `close` follows.
        socket.on('error', () => {})
        socket.on('close', () => {
          stopHeartbeat()
          for (const room of client.rooms) client.leave(room)
          clients.delete(client)
        })
        const admit = (token: string): void => admission.admit(raw, token)
        const begin = (): void => {
          take = converse
          socket.once(
            'close',
            admission.until(raw, () => client.close(UNAUTHORIZED, 'session-expired')),
          )
          welcome(client)
        }
        try {
          socket.once('close', rules.limiter.hold(raw))
          if (admission.owesToken(raw)) take = awaitToken(socket, admit, begin)
          else begin()
        } catch (error) {
          // Not an error status before the 101: a browser tells its page of none.
          client.close(TRY_AGAIN_LATER, error instanceof Error ? error.message : String(error))
        }
      })
    }
  },
}

/**
 * Has messages answered one after the other: what follows a join counts on being in the room. Who
 * sends faster than they are answered, or takes no answers, is not listened to for a while.
 */
function hear(socket: WebSocket, wire: Socket, answer: (text: string) => Promise<void>): void {
  let waiting = 0
  let turn = Promise.resolve()
  socket.on('message', (data, isBinary) => {
    waiting += 1
    turn = turn.then(() => answer(isBinary ? '' : String(data))).then(answered)
    listen()
  })
  wire.on('drain', listen)

  function answered(): void {
    waiting -= 1
    listen()
  }

  function listen(): void {
    if (waiting >= WAITING_MESSAGES || wire.writableNeedDrain) socket.pause()
    else if (socket.isPaused) socket.resume()
  }
}

/** Events are framed once for all clients and written to the TCP socket below as they are. */
function createClient(feed: Feed, socket: WebSocket, request: IncomingMessage, { limiter, admission }: Rules): Client {
  const wire = request.socket
  const stops = new Map<string, () => void>()
  let refused = 0
  const isOpen = () => socket.readyState === socket.OPEN
  const leave = (room: string) => {
    stops.get(room)?.()
    stops.delete(room)
  }

  return {
    id: crypto.randomUUID(),
    get rooms() {
      return [...stops.keys()]
    },
    get isBehind() {
      return wire.writableNeedDrain
    },
    count() {
      try {
        limiter.message(request)
        refused = 0
      } catch (error) {
        refused += 1
        if (refused === REFUSED_MESSAGES) socket.close(POLICY_VIOLATION, 'too many messages')
        throw error
      }
    },
    speakAs: (user) => admission.checkUser(request, user),
    send(message) {
      if (isOpen()) socket.send(JSON.stringify(message))
    },
    enter(room, after) {
      leave(room)
      const most = limiter.limits.roomsPerConnection
      if (stops.size >= most)
        throw new FeedError('too-many-rooms', `This connection is in ${most} rooms already.`, 'Leave one first.')
      if (isOpen())
        stops.set(
          room,
          feed.follow(
            room,
            after,
            (batch) => deliver(room, batch),
            () => socket.terminate(),
          ),
        )
    },
    leave,
    close: (code, reason) => socket.close(code, reason),
  }

  /** Not by `socket.send`, which would frame the same bytes anew for each client. Without compression ws keeps no queue that this could overtake. */
  function deliver(room: string, batch: PollAnswer): Promise<void> | void {
    if (!isOpen()) return
    const bytes = batch.gap ? frame({ type: 'gap', room, cursor: batch.cursor }) : framesOf(batch)
    if (!wire.write(bytes)) return new Promise((resolve) => wire.once('drain', resolve))
  }
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

/** Pings, and ends a connection whose last ping was never answered: its other end has been gone for two heartbeats at the most. */
function heartbeat(socket: WebSocket, everyMs: number, dropped: () => void): () => void {
  let answered = true
  socket.on('pong', () => (answered = true))
  const timer = setInterval(() => {
    if (!answered) {
      dropped()
      return socket.terminate()
    }
    answered = false
    socket.ping()
  }, everyMs)
  return () => clearInterval(timer)
}
