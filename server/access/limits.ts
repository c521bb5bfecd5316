/**
 * Limits for one client and for one address. Two hundred people of a class may share one address with an attacker who
 * tries to use up the server's capacity. So there are three limits:
 *
 * - Each connection (or each person who has signed in) has a small share of its own. Nobody else can use this share.
 * - A connection that has used up its own share may use the common share of its address, until this share is used up
 *   too.
 * - The total of one client is limited to what one person's page needs.
 *
 * So a client that floods the server cannot use up the own shares of the other clients.
 */
import type { IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { FeedError } from '../http/errors.ts'
import { BURST_MS } from './rate.ts'
import { OWN_LIMITS } from './shared-limits.ts'
import type { SharedLimits } from './shared-limits.ts'
import { takerOf } from './taker.ts'
import type { Taker } from './visitor.ts'

/** Each property is a maximum. The comment of the property says what the server counts. */
export interface Limits {
  /** Connections of one address. One page keeps five connections open, and sometimes a sixth. */
  readonly connectionsPerAddress: number
  /**
   * Streams, WebSockets and held polls of one address. This maximum is lower than `connectionsPerAddress`, so that some
   * connections stay free for loading pages and for publishing.
   */
  readonly heldPerAddress: number
  /**
   * Streams, WebSockets and held polls of one client. One page holds four of them, and eight while it reconnects.
   * Without this maximum, a client could hold any number of polls with pipelining.
   */
  readonly heldPerClient: number
  /** Unanswered requests of one connection. A browser sends only one request at a time over a connection. */
  readonly pipelinedPerConnection: number
  /** Messages, and all other data that the server forwards to other people. */
  readonly messagesPerSecondPerAddress: number
  readonly messagesPerSecondPerClient: number
  readonly messagesPerSecondPerConnection: number
  /** Cost of the work, in the unit that prices.ts defines. */
  readonly costPerSecondPerAddress: number
  readonly costPerSecondPerClient: number
  readonly costPerSecondPerConnection: number
  /** Rooms that keep events. The same maximum applies to boards that are not empty. */
  readonly rooms: number
  /** Rooms that get their first event, and boards that get their first task. */
  readonly newRoomsPerMinutePerAddress: number
  readonly newRoomsPerMinutePerClient: number
  /** Rooms that the WebSockets of one client have joined. The first room of each WebSocket does not count. */
  readonly furtherRoomsPerClient: number
  readonly furtherRoomsPerAddress: number
  /** Ticks that the metronomes of all rooms send in total. */
  readonly ticksPerSecond: number
  /** Total number of people who are present in all rooms. */
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

/** Limits for benchmarks. The server limits no rates and no counts, but it still limits sizes and times. */
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
   * Charges the cost of work to the client before the server does the work. Returns undefined if the server may do the
   * work now. Otherwise returns a promise that resolves when the server may do the work. The promise rejects with
   * `too-many-requests` (429) if the wait would be longer than `longestMs` (default: 2 s).
   */
  spend(request: IncomingMessage, cost: number, longestMs?: number): Promise<void> | undefined
  /** If the server may do the work now, charges its cost and returns true. Otherwise charges nothing. */
  spendNow(request: IncomingMessage, cost: number): boolean
  /** Charges additional cost to the client after the server has done the work. */
  charge(request: IncomingMessage, cost: number): void
  /**
   * Takes one of the client's places for a stream, a WebSocket or a held poll. Returns a function that frees the place.
   * Throws `too-many-streams` (429) if no place is free.
   */
  hold(request: IncomingMessage): () => void
  /**
   * Takes one of the client's places for a room beyond a connection's first room. Returns a function that frees the
   * place. Throws `too-many-rooms` (429) if no place is free.
   */
  holdRoom(request: IncomingMessage): () => void
  /** Counts a message that the client sends to other people. Throws `too-many-messages` (429) beyond a limit. */
  message(request: IncomingMessage): void
  /** Counts a room or a board that was empty until now. Throws `too-many-rooms` (429) beyond a limit. */
  newRoom(request: IncomingMessage): void
}

/** Maximum time that a request waits for its share. The server refuses a request that would have to wait longer. */
const LONGEST_WAIT_MS = 2000

/**
 * Delay before the server refuses a request. After an immediate refusal, a client would repeat the request immediately.
 */
const REFUSAL_MS = 1000

/**
 * Fraction of an address's places that clients without a session and without a page's name may use. The server keeps
 * the other places for named pages and people who have signed in.
 */
const NAMED_SHARE = 0.5

const MINUTE = { burstMs: 60_000 }

/** `shared`: counts what other processes have allowed. Default: there are no other processes. */
export function createLimiter(limits: Limits, shared: SharedLimits = OWN_LIMITS): Limiter {
  const held = createPlaces(shared, 'held', limits.heldPerClient, limits.heldPerAddress)
  const rooms = createPlaces(shared, 'rooms', limits.furtherRoomsPerClient, limits.furtherRoomsPerAddress)
  const messages = createShares(
    shared,
    'messages',
    limits.messagesPerSecondPerConnection,
    limits.messagesPerSecondPerAddress,
    limits.messagesPerSecondPerClient,
  )
  const work = createShares(
    shared,
    'work',
    limits.costPerSecondPerConnection,
    limits.costPerSecondPerAddress,
    limits.costPerSecondPerClient,
  )
  const newOfClient = shared.rate('new-of-client', limits.newRoomsPerMinutePerClient / 60, MINUTE)
  const newOfAddress = shared.rate('new-of-address', limits.newRoomsPerMinutePerAddress / 60, MINUTE)

  return {
    limits,
    spend(request, cost, longestMs = LONGEST_WAIT_MS) {
      const taker = takerOf(request)
      if (work.take(taker, cost) === null) return undefined
      return waitFor(work.reserve(taker, cost, longestMs), taker)
    },
    spendNow: (request, cost) => work.take(takerOf(request), cost) === null,
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
function createShares(
  shared: SharedLimits,
  name: string,
  perConnection: number,
  perAddress: number,
  perClient: number,
) {
  const ofOwn = shared.rate(`${name}-own`, perConnection)
  const ofAddress = shared.rate(`${name}-of-address`, perAddress)
  const ofClient = shared.rate(`${name}-of-client`, perClient)
  const known = new WeakSet()

  return {
    /**
     * If the cost fits, counts it and returns null. Otherwise counts nothing and returns the limit that the cost would
     * exceed.
     */
    take(taker: Taker, cost = 1): Bound | null {
      meet(taker)
      if (ofClient.waitMs(taker.client, cost) > 0) return 'client'
      if (!ofOwn.take(taker.share, cost) && !ofAddress.take(taker.address, cost)) return 'address'
      ofClient.add(taker.client, cost)
      return null
    },
    /**
     * Counts the cost against the client's own share in advance. Returns the time in ms until the cost fits. If this
     * time is longer than `longestMs`, counts nothing and returns null.
     */
    reserve({ client, share }: Taker, cost: number, longestMs: number): number | null {
      const waitMs = Math.max(ofClient.waitMs(client, cost), ofOwn.waitMs(share, cost))
      if (waitMs > longestMs) return null
      ofClient.add(client, cost)
      ofOwn.add(share, cost)
      return waitMs
    },
    /** Counts the cost of work that the server has already done, even if the cost exceeds a limit. */
    add({ client, share, address }: Taker, cost: number): void {
      ofClient.add(client, cost)
      if (!ofOwn.take(share, cost) && !ofAddress.take(address, cost)) ofOwn.add(share, cost)
    },
  }

  /**
   * Lets a new connection begin with an empty share. Otherwise a client could get a full share by opening a new
   * connection for each request.
   */
  function meet({ own, share }: Taker): void {
    if (typeof own === 'string' || known.has(own) || perConnection === Infinity) return
    known.add(own)
    ofOwn.add(share, (perConnection * BURST_MS) / 1000)
  }
}

/** Counts the places that each client and each address holds. */
function createPlaces(shared: SharedLimits, name: string, perClient: number, perAddress: number) {
  const most = (bound: Bound, { isNamed }: Pick<Taker, 'isNamed'>): number =>
    bound === 'client' ? perClient : isNamed ? perAddress : Math.ceil(perAddress * NAMED_SHARE)
  const ofClient = shared.counter(`${name}-of-client`, perClient)
  const ofAddress = shared.counter(`${name}-of-address`, perAddress)
  const unnamed = shared.counter(`${name}-unnamed`, most('address', { isNamed: false }))

  return {
    most,
    /**
     * If a place is free, takes it and returns a function that frees it. Otherwise returns the limit that is reached.
     */
    take(taker: Taker): (() => void) | Bound {
      const { client, address, isNamed } = taker
      if (ofClient.count(client) >= perClient) return 'client'
      if (ofAddress.count(address) >= perAddress) return 'address'
      if (!isNamed && unnamed.count(address) >= most('address', taker)) return 'address'
      ofClient.take(client)
      ofAddress.take(address)
      if (!isNamed) unnamed.take(address)
      let isTaken = true
      return () => {
        if (!isTaken) return
        isTaken = false
        ofClient.give(client)
        ofAddress.give(address)
        if (!isNamed) unnamed.give(address)
      }
    },
  }
}
