/**
 * How much one client and one address may take. A class of two hundred sits behind one address,
 * so what an address may take is cut for a class, and what a client may take for a person.
 *
 * A client is the page (or program) that its lane names, `PAGE.…` on any request; whoever names
 * none is its connection. That is no identity, and need not be: it keeps somebody's endless loop
 * from using up the class's share. Against somebody who means harm stands the address's bound.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { FeedError } from './errors.ts'
import { createRate } from './rate.ts'

export interface Limits {
  /** A page holds four connections and now and then a fifth. */
  readonly connectionsPerAddress: number
  /** Of streams, WebSockets and held polls. Fewer than connections, so that the page itself and publishing always find one. */
  readonly heldPerAddress: number
  /** A page holds three, and twice that while it reconnects; pipelined polls could be any number. */
  readonly heldPerClient: number
  /** Requests of one connection that are not yet answered. Browsers send one at a time. */
  readonly pipelinedPerConnection: number
  /** Messages, and whatever else is passed on to others. */
  readonly messagesPerSecondPerAddress: number
  readonly messagesPerSecondPerClient: number
  /** With events that are kept, and likewise with somebody in them. */
  readonly rooms: number
  /** That one WebSocket is in. */
  readonly roomsPerConnection: number
}

export const LIMITS: Limits = {
  connectionsPerAddress: 1000,
  heldPerAddress: 800,
  heldPerClient: 16,
  pipelinedPerConnection: 16,
  messagesPerSecondPerAddress: 200,
  messagesPerSecondPerClient: 20,
  rooms: 1000,
  roomsPerConnection: 50,
}

/** For benches. Lifts rates and counts; sizes and times stay. */
export const NO_LIMITS: Limits = {
  connectionsPerAddress: Infinity,
  heldPerAddress: Infinity,
  heldPerClient: Infinity,
  pipelinedPerConnection: Infinity,
  messagesPerSecondPerAddress: Infinity,
  messagesPerSecondPerClient: Infinity,
  rooms: Infinity,
  roomsPerConnection: Infinity,
}

export interface Limiter {
  readonly limits: Limits
  /** Takes a place for a stream or a held poll; what it answers gives it back, once. Throws `too-many-streams` (429). */
  hold(client: IncomingMessage): () => void
  /** Counts something that goes to others. Throws `too-many-messages` (429). */
  message(client: IncomingMessage): void
}

export function createLimiter(limits: Limits): Limiter {
  const heldByAddress = createCounter(limits.heldPerAddress)
  const heldByClient = createCounter(limits.heldPerClient)
  const ofAddress = createRate(limits.messagesPerSecondPerAddress)
  const ofClient = createRate(limits.messagesPerSecondPerClient)

  return {
    limits,
    hold(client) {
      const address = addressOf(client)
      const giveClient = heldByClient.take(clientOf(client))
      if (!giveClient) throw tooMany('This client', limits.heldPerClient)
      const giveAddress = heldByAddress.take(address)
      if (giveAddress) {
        return () => {
          giveClient()
          giveAddress()
        }
      }
      giveClient()
      throw tooMany(`The address ${address}`, limits.heldPerAddress)
    },
    message(client) {
      // The address first: who is turned away there leaves no trace as a client.
      const address = addressOf(client)
      if (!ofAddress.take(address)) throw tooFast(`The address ${address}`, limits.messagesPerSecondPerAddress)
      if (!ofClient.take(clientOf(client))) throw tooFast('This client', limits.messagesPerSecondPerClient)
    },
  }
}

function tooFast(who: string, perSecond: number): FeedError {
  return new FeedError(
    'too-many-messages',
    `${who} sends more than ${perSecond} messages a second; this one was not published.`,
  )
}

function tooMany(who: string, most: number): FeedError {
  return new FeedError('too-many-streams', `${who} has ${most} streams and held polls open.`)
}

type Key = string | Socket

const addressOf = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? ''

const PAGE = /[?&]lane=([A-Za-z0-9_-]{1,64})/

function clientOf(client: IncomingMessage): Key {
  const [, page] = PAGE.exec(client.url ?? '') ?? []
  return page === undefined ? client.socket : `${addressOf(client)} ${page}`
}

/** Counts what each has, up to so many. */
function createCounter(most: number) {
  const counts = new Map<Key, number>()
  return {
    /** Null when there is none left; else what gives it back. */
    take(key: Key): (() => void) | null {
      const count = counts.get(key) ?? 0
      if (count >= most) return null
      counts.set(key, count + 1)
      let isTaken = true
      return () => {
        if (!isTaken) return
        isTaken = false
        const left = (counts.get(key) ?? 1) - 1
        if (left > 0) counts.set(key, left)
        else counts.delete(key)
      }
    },
  }
}

/**
 * Hangs up on connections beyond what one address may hold. Without a word: an error status
 * would end an EventSource for good, while a connection that is refused is tried again.
 */
export function limitConnections(server: Server, perAddress: number): void {
  const open = createCounter(perAddress)
  server.on('connection', (socket) => {
    const give = open.take(socket.remoteAddress ?? '')
    if (give) socket.once('close', give)
    else socket.destroy()
  })
}

/**
 * Answers whether a request may be answered. A connection with too many of them is hung up on:
 * all that came in one piece have been begun by then, and a flood of answers would be made that
 * nobody may ever read.
 */
export function limitPipelining(
  perConnection: number,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const open = new WeakMap<Socket, number>()
  return ({ socket }, response) => {
    const count = open.get(socket) ?? 0
    if (count >= perConnection) socket.destroy()
    if (socket.destroyed) return false
    open.set(socket, count + 1)
    response.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1))
    return true
  }
}
