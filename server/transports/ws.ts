/**
 * WebSocket (RFC 6455): one connection, open in both directions. The server sends the events of the client's rooms, one
 * event in each frame. The file ws-answer.ts handles the messages from the client.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { counting, hear, heartbeat } from '../access/conversation.ts'
import type { Feed } from '../feed/feed.ts'
import { PRICES } from '../access/prices.ts'
import type { Cursor, Person, PollAnswer, RoomPresence } from '../protocol/feed.ts'
import { SERVICE_RESTART, TRY_AGAIN_LATER, UNAUTHORIZED, createHandshakes, takeUpgrade } from '../http/upgrade.ts'
import { awaitToken } from './ws-first-message.ts'
import { MESSAGE_BYTES, NamedQuery, Params, Query, personOf, startOf } from '../http/parameters.ts'
import { once } from './encoding.ts'
import { logState } from './log-state.ts'
import type { Named } from '../http/parameters.ts'
import type { Rules, Transport } from './transport.ts'
import { answer, sayLeft } from './ws-answer.ts'
import type { Client, RoomSeat } from './ws-answer.ts'

const PATH = '/feed/:room/ws'

/** State of an open WebSocket. The package ws would look it up for each delivery. */
const OPEN = 1

/** Path to which a WebSocket at `ws://HOST/` is routed. A client at this path is in no room until it joins a room. */
const BARE_PATH = '/ws'

const schema = { summary: 'WebSocket: one connection, open in both directions', params: Params, querystring: Query }
const bareSchema = { summary: 'WebSocket that is in no room at first; the same as ws://HOST/', querystring: NamedQuery }

const config = { access: 'class', hearsToken: true, price: PRICES.handshake } as const

const RESTARTS = 'The server restarts.'

export const ws: Transport = {
  serve(app, feed, rules) {
    const handshakes = createHandshakes(MESSAGE_BYTES)
    const clients = new Set<Client>()
    /**
     * Number of goodbyes so far. A request that was reading the log during a goodbye must not open a WebSocket that nobody
     * closes. A change of the network conditions says goodbye too, and later requests are welcome again.
     */
    let goodbyes = 0

    app.get(PATH, { schema, exposeHeadRoute: false, config }, async (request, reply) => {
      const { room } = request.params
      const before = goodbyes
      const after = await startOf(feed, room, request.query)
      const { cursor, gap } = await feed.since(room, after, 0)
      open(request, reply, request.query, (client) => {
        if (goodbyes !== before) return client.close(SERVICE_RESTART, RESTARTS)
        client.send({ type: 'connected', message: 'WebSocket connected', room, cursor })
        if (gap) client.send({ type: 'gap', room, cursor })
        client.enter(room, cursor, client.person)
      })
    })

    app.get(BARE_PATH, { schema: bareSchema, exposeHeadRoute: false, config }, async (request, reply) => {
      open(request, reply, request.query, (client) =>
        client.send({ type: 'connected', message: 'WebSocket connected' }),
      )
    })

    return () => {
      goodbyes += 1
      for (const client of clients) client.close(SERVICE_RESTART, RESTARTS)
    }

    function open(
      request: Pick<FastifyRequest, 'raw'>,
      reply: Pick<FastifyReply, 'hijack'>,
      named: Named,
      welcome: (client: Client) => void,
    ): void {
      const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
      const { access } = rules
      handshakes.handleUpgrade(raw, wire, head, (socket) => {
        const client = createClient(feed, socket, raw, rules, personOf(named))
        const unhear = feed.onTrouble?.((trouble) => client.send(logState(trouble)))
        const stopHeartbeat = heartbeat(socket, rules.heartbeatMs, () => rules.dropped('ping unanswered'))
        clients.add(client)
        const converse = async (text: string): Promise<void> => answer(text, client, clients, feed)
        let take = converse
        hear(socket, raw, rules.limiter, (text) => take(text))
        rules.progress.dropBy(wire, (reason) => client.close(TRY_AGAIN_LATER, reason))
        // `error` means that the client has violated the protocol. The package ws has already sent the close code, and
        // the event `close` follows.
        socket.on('error', () => {})
        socket.on('close', () => {
          stopHeartbeat()
          unhear?.()
          sayLeft(client, clients)
          client.stop()
          clients.delete(client)
        })
        access.onEnd(raw, () => client.close(UNAUTHORIZED, 'session-expired'))
        const admit = (token: string): Promise<void> => access.admit(raw, token)
        const begin = (): void => {
          take = converse
          welcome(client)
        }
        try {
          socket.once('close', rules.limiter.hold(raw))
          if (access.owesToken(raw)) take = awaitToken(socket, admit, begin)
          else begin()
        } catch (error) {
          // The server closes the WebSocket after the 101, because a browser does not show an error status before the
          // 101 to the page.
          client.close(TRY_AGAIN_LATER, error instanceof Error ? error.message : String(error))
        }
      })
    }
  },
}

interface OpenClient extends Client {
  /** Leaves all rooms. The client's person stays present for some time and can return with another connection. */
  stop(): void
}

interface OpenSeat extends RoomSeat {
  readonly person: Person | undefined
  stop(): void
}

/**
 * Creates a client. The server builds the frames of events once for all clients, and writes these frames directly to
 * the TCP socket.
 */
function createClient(
  feed: Feed,
  socket: WebSocket,
  request: IncomingMessage,
  { limiter, access, presence }: Rules,
  person: Person | undefined,
): OpenClient {
  const wire = request.socket
  const seats = new Map<string, OpenSeat>()
  const id = crypto.randomUUID()
  const isOpen = () => socket.readyState === OPEN
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
    pay: (cost) => limiter.spend(request, cost),
    beginRoom: () => limiter.newRoom(request),
    checkUser: (named) => access.checkUser(request, named),
    checkSpeaker: (named) => access.checkSpeaker(request, named),
    send(message) {
      this.sendText(JSON.stringify(message))
    },
    sendText(json) {
      if (isOpen()) socket.send(json)
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

  function sit(room: string, after: Cursor, person: Person | undefined): RoomSeat {
    stop(room)
    const stops = [
      // The first room of a client does not count towards the client's limit of rooms.
      seats.size === 0 ? () => {} : limiter.holdRoom(request),
      feed.follow(
        room,
        after,
        (batch) => write(batch.gap ? frame({ type: 'gap', room, cursor: batch.cursor }) : framesOf(batch)),
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

  function tell(state: RoomPresence): Promise<void> | void {
    return write(presenceFrame(state))
  }

  /**
   * Writes frames to the TCP socket. `socket.send` would build the same frames again for each client. Without
   * compression, the package ws has no queue that these frames could overtake.
   */
  function write(bytes: Buffer): Promise<void> | void {
    if (isOpen() && !wire.write(bytes)) return new Promise((resolve) => wire.once('drain', resolve))
  }
}

const framesOf = once((batch: PollAnswer) => Buffer.concat(batch.events.map(frame)))

const presenceFrame = once((state: RoomPresence) => frame(state))

/** Builds an unmasked text frame (RFC 6455, section 5.2): FIN and opcode 1, then the length in 7 or 16 bits. */
function frame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message))
  const { length } = payload
  if (length > 0xffff)
    throw new RangeError(`An event of ${length} bytes does not fit into a frame with a 16-bit length.`)
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), payload])
}
