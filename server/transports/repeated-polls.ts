/**
 * Answers repeated polls without Node's HTTP parser and without Fastify. A client that polls sends the same head again
 * and again over one connection, and only the cursor changes. If the bytes of a request are, apart from the cursor,
 * exactly the bytes of a request that was parsed, checked and answered on this connection before, then everything that
 * depends only on the head has the same result: the route, the parameters, the origin, and the fields of the response.
 * The server checks again only what depends on its state: the session, the bans, the limits, the room and the cursor.
 * All clients that wait for the same events get the same prepared bytes, each in one write.
 *
 * A delivery by long poll, with the client's next request, takes 37 µs of processor time, and node:http with a prepared
 * response takes 34 µs. Through Fastify, a delivery took 117 µs (`npm run bench:fanout`, test/README.md).
 *
 * Every other request goes the ordinary way: a first poll, a changed field, a head in several segments, a second
 * request in a pipeline, HEAD, HTTP/1.0, a body, and a poll that a check refuses. Bytes that arrive while a repeated
 * poll is held also hand the held poll over to Node, and so does an error. A poll that is handed over pays twice.
 */
import type { IncomingMessage, Server } from 'node:http'
import { Socket } from 'node:net'
import type { Access } from '../access/access.ts'
import type { Connections } from '../access/connections.ts'
import type { Limiter } from '../access/limits.ts'
import { priceOfBytes } from '../access/prices.ts'
import { remember } from './known-poll.ts'
import type { KnownPoll } from './known-poll.ts'
import { createPollBytes } from './poll-bytes.ts'
import type { PollBytes } from './poll-bytes.ts'
import { byFastify, run } from './poll.ts'
import type { PollResponse, Polls } from './poll.ts'

export interface RepeatedPolls extends Polls {
  /**
   * Answers all held repeated polls with 204 and closes their connections. Call this method before the server closes
   * its idle connections, because Node counts the connection of a repeated poll as idle.
   */
  drain(): void
}

/** Parts of the server that also see the requests that Fastify handles. */
export interface PollParts {
  readonly server: Pick<Server, 'keepAliveTimeout'>
  readonly connections: Pick<Connections, 'begin' | 'isBusy'>
  readonly access: Pick<Access, 'remember'>
  readonly limiter: Pick<Limiter, 'spendNow' | 'charge'>
  /** Returns true if the connection must close after the response. */
  readonly isOutdated: (socket: Socket) => boolean
  /** Counts the bytes of the request and its response. Default: they are not counted. */
  readonly meter?: ((request: Repetition) => MeteredPoll) | undefined
}

type Repetition = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders' | 'socket'>

export interface MeteredPoll {
  answered(): void
  handedOver(): void
}

interface Connection {
  readonly socket: Socket
  /** Node's own listener for the received bytes. */
  readonly parse: (bytes: Buffer) => void
  /** The bytes that Node got last, and how often Node got bytes. */
  latest: Buffer
  passes: number
  /** The poll that the next request may repeat. Null if Node has got other bytes since. */
  known: KnownPoll | null
  /** The repeated poll whose response is not complete. */
  open: RepeatedPoll | null
}

interface State extends PollParts {
  /** Repeated polls whose responses are not complete. */
  readonly open: Set<RepeatedPoll>
  readonly bytesOf: PollBytes
  isDraining: boolean
}

export function createRepeatedPolls(parts: PollParts): RepeatedPolls {
  const met = new WeakMap<Socket, Connection>()
  const server: State = {
    ...parts,
    open: new Set(),
    bytesOf: createPollBytes(parts.server),
    isDraining: false,
  }

  return {
    serve(request, reply, poll) {
      const connection = meet(request.raw.socket)
      const passes = connection?.passes
      if (connection)
        reply.raw.once('finish', () => {
          if (connection.passes !== passes) return
          connection.known = remember(connection.latest, request, reply, poll, server.access)
        })
      byFastify.serve(request, reply, poll)
    },
    drain() {
      server.isDraining = true
      for (const poll of server.open) poll.send(null)
    },
  }

  /** Puts `receive` before Node's parser. Returns null for a link, and for a socket that other code reads too. */
  function meet(socket: Socket): Connection | null {
    const known = met.get(socket)
    if (known) return known
    const [parse, ...others] = socket.listeners('data') as ((bytes: Buffer) => void)[]
    if (!(socket instanceof Socket) || !parse || others.length > 0) return null
    const connection: Connection = { socket, parse, latest: NONE, passes: 0, known: null, open: null }
    met.set(socket, connection)
    const listener = (bytes: Buffer): void => receive(connection, bytes)
    socket.on('data', listener).off('data', parse)
    // When Node removes `parse`, for example for a WebSocket, this property makes Node remove `listener` instead.
    Object.assign(listener, { listener: parse })
    socket.once('close', () => connection.open?.close())
    return connection
  }

  function receive(connection: Connection, bytes: Buffer): void {
    const { socket, open } = connection
    // If the kernel has not taken the whole response yet, the next request waits, so that the responses stay apart.
    if (open?.isSent) return void socket.pause().unshift(bytes)
    open?.handOver()
    if (open || !repeats(connection, bytes)) pass(connection, bytes)
  }

  /** Answers a request that repeats the known poll, if all checks allow the request. Otherwise returns false. */
  function repeats(connection: Connection, bytes: Buffer): boolean {
    const { known, socket } = connection
    if (!known || server.isDraining || server.connections.isBusy(socket) || server.isOutdated(socket)) return false
    const head = bytes.toString('latin1')
    if (!head.startsWith(known.before) || !head.endsWith(known.after)) return false
    const cursor = head.slice(known.before.length, head.length - known.after.length)
    const response = new RepeatedPoll(connection, known, head, server)
    if (!known.isAllowed(response) || !server.limiter.spendNow(known.request, known.price)) {
      response.close()
      return false
    }
    response.begin()
    run(known.poll.answer, cursor, response)
    return true
  }
}

/** Gives bytes to Node's parser. */
function pass(connection: Connection, bytes: Buffer): void {
  connection.known = null
  connection.latest = bytes
  connection.passes += 1
  connection.parse.call(connection.socket, bytes)
}

/** The response to a repeated poll. This is a class, so that a thousand held polls share their functions. */
class RepeatedPoll implements PollResponse {
  isSent = false
  #isOver = false
  readonly #connection: Connection
  readonly #known: KnownPoll
  readonly #head: string
  readonly #server: State
  readonly #listeners: (() => void)[] = []
  #metered: MeteredPoll | undefined

  constructor(connection: Connection, known: KnownPoll, head: string, server: State) {
    this.#connection = connection
    this.#known = known
    this.#head = head
    this.#server = server
  }

  get request(): IncomingMessage {
    return this.#known.request
  }

  get isGone(): boolean {
    return this.#isOver || this.isSent
  }

  /** Counts the request like any other request. */
  begin(): void {
    const { connections, meter, open } = this.#server
    const { socket } = this.#connection
    const { method, httpVersion, rawHeaders } = this.request
    this.#metered = meter?.({ method, url: targetOf(this.#head), httpVersion, rawHeaders, socket })
    const answered = connections.begin(socket)
    if (answered) this.#listeners.push(answered)
    this.#connection.open = this
    open.add(this)
  }

  onClose(listener: () => void): void {
    this.#listeners.push(listener)
  }

  send(json: Buffer | null): void {
    if (this.isGone) return
    this.isSent = true
    const { limiter, bytesOf, isDraining, isOutdated } = this.#server
    const { socket } = this.#connection
    const isLast = isDraining || isOutdated(socket)
    if (json) limiter.charge(this.request, priceOfBytes(json.length))
    socket.write(bytesOf(this.#known.fields, json, isLast))
    // The kernel usually takes the bytes at once. A callback for each write would cost more.
    if (socket.writableLength === 0) this.#sent()
    else socket.write(NONE, () => this.#sent())
    if (isLast) socket.destroySoon()
  }

  #sent(): void {
    const { socket } = this.#connection
    if (!socket.destroyed) this.#metered?.answered()
    this.close()
    if (socket.isPaused()) socket.resume()
  }

  /** Lets Fastify answer the request, because the request fails there in the same way. */
  fail(): void {
    this.handOver()
  }

  handOver(): void {
    if (this.isGone) return
    this.close()
    this.#metered?.handedOver()
    pass(this.#connection, Buffer.from(this.#head, 'latin1'))
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#connection.open === this) this.#connection.open = null
    this.#server.open.delete(this)
    for (const listener of this.#listeners) listener()
  }
}

const NONE = Buffer.alloc(0)

const targetOf = (head: string): string => head.slice('GET '.length, head.indexOf(' HTTP/1.1\r\n'))
