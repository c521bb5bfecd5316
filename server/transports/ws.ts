/**
 * WebSocket (RFC 6455): one connection, open both ways. Down come the events of the rooms that
 * the client is in, one a frame; what the client says is answered in ws-answer.ts.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { counting, hear, heartbeat } from '../conversation.ts'
import { FeedError } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Cursor, Person, PollAnswer, RoomPresence } from '../protocol.ts'
import { SERVICE_RESTART, TRY_AGAIN_LATER, createHandshakes, takeUpgrade } from '../upgrade.ts'
import { UNAUTHORIZED, awaitToken } from './ws-first-message.ts'
import { MESSAGE_BYTES, NamedQuery, Params, Query, once, personOf, startOf } from './transport.ts'
import type { Named, Rules, Transport } from './transport.ts'
import { answer, sayLeft } from './ws-answer.ts'
import type { Client, Seat } from './ws-answer.ts'

const schema = { summary: 'WebSocket: one connection, open both ways', params: Params, querystring: Query }
const bareSchema = { summary: 'WebSocket in no room; the same as ws://HOST/', querystring: NamedQuery }

export const ws: Transport = {
  serve(app, feed, rules) {
    const handshakes = createHandshakes(MESSAGE_BYTES)
    const clients = new Set<Client>()

    app.get('/feed/:room/ws', { schema }, async (request, reply) => {
      const { room } = request.params
      const after = await startOf(feed, room, request.query)
      const { cursor, gap } = await feed.since(room, after, 0)
      open(request, reply, request.query, (client) => {
        client.send({ type: 'connected', message: 'WebSocket connected', room, cursor })
        if (gap) client.send({ type: 'gap', room, cursor })
        client.enter(room, cursor, client.person)
      })
    })

    // The bare conversation, in no room until it joins one.
    app.get('/ws', { schema: bareSchema }, async (request, reply) => {
      open(request, reply, request.query, (client) =>
        client.send({ type: 'connected', message: 'WebSocket connected' }),
      )
    })

    return () => {
      for (const client of clients) client.close(SERVICE_RESTART, 'The server restarts.')
    }

    function open(
      request: Pick<FastifyRequest, 'raw'>,
      reply: Pick<FastifyReply, 'hijack'>,
      named: Named,
      welcome: (client: Client) => void,
    ): void {
      const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
      const { admission } = rules
      handshakes.handleUpgrade(raw, wire, head, (socket) => {
        const client = createClient(feed, socket, raw, rules, personOf(named))
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
          sayLeft(client, clients)
          client.stop()
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

interface OpenClient extends Client {
  /** Leaves all rooms. Its person may come back by another connection, and is waited for. */
  stop(): void
}

interface OpenSeat extends Seat {
  readonly person: Person | undefined
  stop(): void
}

/** Events are framed once for all clients and written to the TCP socket below as they are. */
function createClient(
  feed: Feed,
  socket: WebSocket,
  request: IncomingMessage,
  { limiter, admission, presence }: Rules,
  person: Person | undefined,
): OpenClient {
  const wire = request.socket
  const seats = new Map<string, OpenSeat>()
  const id = crypto.randomUUID()
  const isOpen = () => socket.readyState === socket.OPEN
  const stop = (room: string) => {
    seats.get(room)?.stop()
    seats.delete(room)
  }

  return {
    id,
    person,
    seats,
    get isBehind() {
      return wire.writableNeedDrain
    },
    count: counting(socket, request, limiter),
    speakAs: (named) => admission.checkUser(request, named),
    send(message) {
      if (isOpen()) socket.send(JSON.stringify(message))
    },
    enter(room, after, person) {
      const seat = sit(room, after, person)
      if (!isOpen()) stop(room)
      return seat
    },
    leave(room) {
      const person = seats.get(room)?.person
      stop(room)
      if (person) presence.leave(room, person)
    },
    typing(room, on) {
      const person = seats.get(room)?.person
      if (person) presence.typing(room, person, on)
    },
    stop() {
      for (const room of seats.keys()) stop(room)
    },
    close: (code, reason) => socket.close(code, reason),
  }

  function sit(room: string, after: Cursor, person: Person | undefined): Seat {
    stop(room)
    const most = limiter.limits.roomsPerConnection
    if (seats.size >= most)
      throw new FeedError('too-many-rooms', `This connection is in ${most} rooms already.`, 'Leave one first.')
    const stops = [
      feed.follow(
        room,
        after,
        (batch) => deliver(room, batch),
        () => socket.terminate(),
      ),
    ]
    if (person) stops.push(presence.enter(room, person), presence.watch(room, undefined, tell))
    const seat = {
      userId: person?.userId ?? id,
      name: person?.name ?? id,
      isAnnounced: false,
      person,
      stop: () => {
        for (const stop of stops) stop()
      },
    }
    seats.set(room, seat)
    return seat
  }

  /** Not by `socket.send`, which would frame the same bytes anew for each client. Without compression ws keeps no queue that this could overtake. */
  function deliver(room: string, batch: PollAnswer): Promise<void> | void {
    return write(batch.gap ? frame({ type: 'gap', room, cursor: batch.cursor }) : framesOf(batch))
  }

  function tell(state: RoomPresence): Promise<void> | void {
    return write(presenceFrame(state))
  }

  function write(bytes: Buffer): Promise<void> | void {
    if (isOpen() && !wire.write(bytes)) return new Promise((resolve) => wire.once('drain', resolve))
  }
}

const framesOf = once((batch: PollAnswer) => Buffer.concat(batch.events.map(frame)))

const presenceFrame = once((state: RoomPresence) => frame(state))

/** An unmasked text frame (RFC 6455, section 5.2): FIN and opcode 1, then the length in 7 or 16 bits. */
function frame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message))
  const { length } = payload
  if (length > 0xffff) throw new RangeError(`An event of ${length} bytes does not fit a frame with a 16-bit length.`)
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), payload])
}
