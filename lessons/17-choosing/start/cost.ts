/** A model: the cost of a workload for one client, with each of the four transports, from measured sizes. */

export interface Workload {
  /** Messages in the room, published at random moments. */
  readonly ratePerSecond: number
  /** Short polling: the time from one request to the next. */
  readonly intervalMs: number
  /** Long polling: how long the server may hold a request. */
  readonly waitS: number
  /** The time of a request to the server plus its response back; each takes half of it. */
  readonly roundTripMs: number
}

/** Sizes in bytes, both directions together. */
export interface Sizes {
  readonly payload: number
  /** Polls: a request and a response with messages, without the bytes of the messages. */
  readonly exchange: number
  /** Polls: a request and a response without a message. */
  readonly empty: number
  /** Streams: the bytes around each message. */
  readonly framing: number
  readonly heartbeat: number
}

export interface Cost {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
  /** The time from the moment when the server has a message until the client has it. */
  readonly meanAgeMs: number
}

export type Name = 'short-poll' | 'long-poll' | 'sse' | 'ws'

const NOT_YET: Cost = { requestsPerSecond: Number.NaN, bytesPerSecond: Number.NaN, meanAgeMs: Number.NaN }

export function costOf(name: Name, workload: Workload, sizes: Sizes): Cost {
  if (name === 'short-poll') return shortPoll(workload, sizes)
  return name === 'long-poll' ? longPoll(workload, sizes) : stream(workload, sizes)
}

// TODO 1: how many polls a second, and which share of them is empty? Several messages can share one response.
const shortPoll = (workload: Workload, sizes: Sizes): Cost => NOT_YET

// TODO 2: how long is a cycle? After the gap comes a hold: no time, the time until a message, or the whole wait.
const longPoll = (workload: Workload, sizes: Sizes): Cost => NOT_YET

// TODO 3: the only request was sent long ago. Which bytes cross the wire now? Which bytes cross it if nothing happens?
const stream = (workload: Workload, sizes: Sizes): Cost => NOT_YET

/** The transport with the fewest bytes, of those whose mean age is acceptable; null if there is none. */
export function cheapest(workload: Workload, sizes: Record<Name, Sizes>, acceptableAgeMs: number): Name | null {
  // TODO 4
  return null
}
