/**
 * Limits for one client and for one address. A class of two hundred people may share one address with a person who
 * tries to use up everything. So there are three limits:
 *
 * - Each connection (or each person who has signed in) has a small share of its own, which nobody else can use.
 * - When its own share is used up, it uses the common share of its address, as long as some is left.
 * - One client gets no more than a person with a page needs.
 *
 * So a client that uses up everything slows down only itself, and the others keep their own shares.
 */
import type { IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { FeedError } from '../http/errors.ts'
import { BURST_MS, createRate } from './rate.ts'
import { takerOf } from './taker.ts'
import type { Taker } from './visitor.ts'

/** Maximum numbers. Each comment says what is counted. */
export interface Limits {
  /** Connections of one address. A page holds five connections and sometimes a sixth. */
  readonly connectionsPerAddress: number
  /**
   * Streams, WebSockets and held polls of one address. The limit is below that of connections, so that a page can
   * always load and publish.
   */
  readonly heldPerAddress: number
  /**
   * Streams, WebSockets and held polls of one client. A page holds four, and eight while it reconnects. With
   * pipelining, a client could hold any number of polls.
   */
  readonly heldPerClient: number
  /** Unanswered requests of one connection. Browsers send one at a time. */
  readonly pipelinedPerConnection: number
  /** Messages and everything else that is passed on to other people. */
  readonly messagesPerSecondPerAddress: number
  readonly messagesPerSecondPerClient: number
  readonly messagesPerSecondPerConnection: number
  /** Units of work, as defined in prices.ts. */
  readonly costPerSecondPerAddress: number
  readonly costPerSecondPerClient: number
  readonly costPerSecondPerConnection: number
  /** Rooms that keep events. The same limit holds for boards that are not empty. */
  readonly rooms: number
  /** Rooms that get their first event, and boards that get their first task. */
  readonly newRoomsPerMinutePerAddress: number
  readonly newRoomsPerMinutePerClient: number
  /** Rooms that the WebSockets of one client have joined, without the first room of each WebSocket. */
  readonly furtherRoomsPerClient: number
  readonly furtherRoomsPerAddress: number
  /** Ticks of the metronomes of all rooms together. */
  readonly ticksPerSecond: number
  /** People who are present, in all rooms together. */
  readonly present: number
}

export const LIMITS: Limits = {
  connectionsPerAddress: 1500,
  heldPerAddress: 1000,
  heldPerClient: 16,
  pipelinedPerConnection: 16,
  messagesPerSecondPerAddress: 200,
  messagesPerSecondPerClient: 20,
  messagesPerSecondPerConnection: 2,
  costPerSecondPerAddress: 1000,
  costPerSecondPerClient: 200,
  costPerSecondPerConnection: 60,
  rooms: 1000,
  newRoomsPerMinutePerAddress: 300,
  newRoomsPerMinutePerClient: 20,
  furtherRoomsPerClient: 50,
  furtherRoomsPerAddress: 500,
  ticksPerSecond: 200,
  present: 5000,
}

/** Limits for benchmarks. Rates and counts are unlimited; sizes and times stay limited. */
export const NO_LIMITS: Limits = {
  connectionsPerAddress: Infinity,
  heldPerAddress: Infinity,
  heldPerClient: Infinity,
  pipelinedPerConnection: Infinity,
  messagesPerSecondPerAddress: Infinity,
  messagesPerSecondPerClient: Infinity,
  messagesPerSecondPerConnection: Infinity,
  costPerSecondPerAddress: Infinity,
  costPerSecondPerClient: Infinity,
  costPerSecondPerConnection: Infinity,
  rooms: Infinity,
  newRoomsPerMinutePerAddress: Infinity,
  newRoomsPerMinutePerClient: Infinity,
  furtherRoomsPerClient: Infinity,
  furtherRoomsPerAddress: Infinity,
  ticksPerSecond: Infinity,
  present: Infinity,
}

export interface Limiter {
  readonly limits: Limits
  /**
   * Pays for work before it is done. Returns undefined if the work may be done now. Otherwise returns a promise that
   * resolves when the work may be done. Rejects with `too-many-requests` (429) if the wait would be longer than
   * `longestMs`. The default is 2 s.
   */
  spend(request: IncomingMessage, cost: number, longestMs?: number): Promise<void> | undefined
  /** Pays afterwards for work that cost more than expected. */
  charge(request: IncomingMessage, cost: number): void
  /**
   * Takes a place for a stream or a held poll. Returns a function that frees the place. Throws `too-many-streams`
   * (429).
   */
  hold(request: IncomingMessage): () => void
  /**
   * Takes a place for a room beyond a connection's first room. Returns a function that frees the place. Throws
   * `too-many-rooms` (429).
   */
  holdRoom(request: IncomingMessage): () => void
  /** Counts a message that is sent to other people. Throws `too-many-messages` (429). */
  message(request: IncomingMessage): void
  /** Counts a room or board that was empty until now. Throws `too-many-rooms` (429). */
  newRoom(request: IncomingMessage): void
}

/** Maximum wait. A request that would have to wait for longer is refused. */
const LONGEST_WAIT_MS = 2000

/** Delay before a refusal. After an immediate refusal, a client would ask again immediately. */
const REFUSAL_MS = 1000

/** Share of an address's places for clients that give no name. The rest is kept for named pages and people. */
const NAMED_SHARE = 0.5

const MINUTE = { burstMs: 60_000 }

export function createLimiter(limits: Limits): Limiter {
  const held = createPlaces(limits.heldPerClient, limits.heldPerAddress)
  const rooms = createPlaces(limits.furtherRoomsPerClient, limits.furtherRoomsPerAddress)
  const messages = createShares(
    limits.messagesPerSecondPerConnection,
    limits.messagesPerSecondPerAddress,
    limits.messagesPerSecondPerClient,
  )
  const work = createShares(
    limits.costPerSecondPerConnection,
    limits.costPerSecondPerAddress,
    limits.costPerSecondPerClient,
  )
  const newOfClient = createRate(limits.newRoomsPerMinutePerClient / 60, MINUTE)
  const newOfAddress = createRate(limits.newRoomsPerMinutePerAddress / 60, MINUTE)

  return {
    limits,
    spend(request, cost, longestMs = LONGEST_WAIT_MS) {
      const taker = takerOf(request)
      if (work.take(taker, cost) === null) return undefined
      return waitFor(work.reserve(taker, cost, longestMs), taker)
    },
    charge: (request, cost) => work.add(takerOf(request), cost),
    hold(request) {
      const taker = takerOf(request)
      const place = held.take(taker)
      if (typeof place === 'function') return place
      throw new FeedError(
        'too-many-streams',
        `${nameOf(place, taker)} has ${held.most(place, taker)} streams and held polls open.`,
      )
    },
    holdRoom(request) {
      const taker = takerOf(request)
      const place = rooms.take(taker)
      if (typeof place === 'function') return place
      throw new FeedError(
        'too-many-rooms',
        `${nameOf(place, taker)} has already joined ${rooms.most(place, taker)} rooms in addition to the first.`,
        'Leave a room first.',
      )
    },
    message(request) {
      const taker = takerOf(request)
      const over = messages.take(taker)
      if (over === null) return
      const most = over === 'client' ? limits.messagesPerSecondPerClient : limits.messagesPerSecondPerAddress
      throw new FeedError(
        'too-many-messages',
        `${nameOf(over, taker)} sends more than ${most} messages a second. This message was not published.`,
      )
    },
    newRoom(request) {
      const { client, address } = takerOf(request)
      if (!newOfClient.take(client)) throw tooManyNew('This client', limits.newRoomsPerMinutePerClient)
      if (!newOfAddress.take(address)) throw tooManyNew(`The address ${address}`, limits.newRoomsPerMinutePerAddress)
    },
  }

  async function waitFor(ms: number | null, taker: Taker): Promise<void> {
    if (ms !== null) return wait(ms)
    await wait(REFUSAL_MS)
    throw new FeedError('too-many-requests', `${nameOf('client', taker)} sends more requests than its share allows.`)
  }
}

function tooManyNew(who: string, most: number): FeedError {
  return new FeedError('too-many-rooms', `${who} has begun ${most} rooms or boards in a minute.`)
}

type Bound = 'client' | 'address'

const nameOf = (bound: Bound, { address }: Taker): string =>
  bound === 'client' ? 'This client' : `The address ${address}`

/**
 * Creates three rates: the own rate of each connection, the common rate of each address, and the total rate of each
 * client.
 */
function createShares(perConnection: number, perAddress: number, perClient: number) {
  const ofOwn = createRate(perConnection)
  const ofAddress = createRate(perAddress)
  const ofClient = createRate(perClient)
  const known = new WeakSet()

  return {
    /** Counts the cost and returns null if it fits. Otherwise returns the limit that it exceeds, and counts nothing. */
    take(taker: Taker, cost = 1): Bound | null {
      meet(taker)
      if (ofClient.waitMs(taker.client, cost) > 0) return 'client'
      if (!ofOwn.take(taker.own, cost) && !ofAddress.take(taker.address, cost)) return 'address'
      ofClient.add(taker.client, cost)
      return null
    },
    /**
     * Counts the cost against the client's own share in advance. Returns the time in ms until the cost fits. If this
     * time is longer than `longestMs`, counts nothing and returns null.
     */
    reserve({ client, own }: Taker, cost: number, longestMs: number): number | null {
      const waitMs = Math.max(ofClient.waitMs(client, cost), ofOwn.waitMs(own, cost))
      if (waitMs > longestMs) return null
      ofClient.add(client, cost)
      ofOwn.add(own, cost)
      return waitMs
    },
    /** Counts the cost of work that is already done, whether it fits or not. */
    add({ client, own, address }: Taker, cost: number): void {
      ofClient.add(client, cost)
      if (!ofOwn.take(own, cost) && !ofAddress.take(address, cost)) ofOwn.add(own, cost)
    },
  }

  /**
   * Lets a new connection begin with an empty share. Otherwise a client could get a full share by opening a new
   * connection for each request.
   */
  function meet({ own }: Taker): void {
    if (typeof own === 'string' || known.has(own) || perConnection === Infinity) return
    known.add(own)
    ofOwn.add(own, (perConnection * BURST_MS) / 1000)
  }
}

/** Counts the places that each client and each address holds. */
function createPlaces(perClient: number, perAddress: number) {
  const ofClient = createCounter()
  const ofAddress = createCounter()
  const unnamed = createCounter()
  const most = (bound: Bound, { isNamed }: Taker): number =>
    bound === 'client' ? perClient : isNamed ? perAddress : Math.ceil(perAddress * NAMED_SHARE)

  return {
    most,
    /** Takes a place. Returns a function that frees the place, or the name of the limit that is reached. */
    take(taker: Taker): (() => void) | Bound {
      const { client, address, isNamed } = taker
      if (ofClient.count(client) >= perClient) return 'client'
      if (ofAddress.count(address) >= perAddress) return 'address'
      if (!isNamed && unnamed.count(address) >= most('address', taker)) return 'address'
      const gives = [ofClient.take(client), ofAddress.take(address), ...(isNamed ? [] : [unnamed.take(address)])]
      return () => {
        for (const give of gives.splice(0)) give()
      }
    },
  }
}

function createCounter() {
  const counts = new Map<unknown, number>()
  return {
    count: (key: unknown): number => counts.get(key) ?? 0,
    take(key: unknown): () => void {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return () => {
        const left = (counts.get(key) ?? 1) - 1
        if (left > 0) counts.set(key, left)
        else counts.delete(key)
      }
    },
  }
}
