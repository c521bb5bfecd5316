/** A model: what a workload costs one client by each of the four transports, from the sizes that were measured. */

export interface Workload {
  /** Of the room, at random moments. */
  readonly ratePerSecond: number
  /** Short polling: from one request to the next. */
  readonly intervalMs: number
  /** Long polling: how long the server may hold a request. */
  readonly waitS: number
  /** A request to the server and its answer back, each half of it. */
  readonly roundTripMs: number
}

/** In bytes, both ways together. */
export interface Sizes {
  readonly payload: number
  /** Polls: a request and an answer with messages in it, without the messages. */
  readonly exchange: number
  /** Polls: a request and an answer that brings nothing. */
  readonly empty: number
  /** Streams: what stands around each message. */
  readonly framing: number
  readonly heartbeat: number
}

export interface Cost {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
  /** From when the server has a message to when the client has it. */
  readonly meanAgeMs: number
}

export type Name = 'short-poll' | 'long-poll' | 'sse' | 'ws'

const NOT_YET: Cost = { requestsPerSecond: Number.NaN, bytesPerSecond: Number.NaN, meanAgeMs: Number.NaN }

export function costOf(name: Name, workload: Workload, sizes: Sizes): Cost {
  if (name === 'short-poll') return shortPoll(workload, sizes)
  return name === 'long-poll' ? longPoll(workload, sizes) : stream(workload, sizes)
}

// TODO 1: how many polls a second, and which share of them is empty? Each message is carried once, however many share an answer.
const shortPoll = (workload: Workload, sizes: Sizes): Cost => NOT_YET

// TODO 2: how long is it from one answer to the next? First comes a gap, then a hold: for no time, for the next message, or in vain.
const longPoll = (workload: Workload, sizes: Sizes): Cost => NOT_YET

// TODO 3: its one request is long over. What crosses the wire now, and what when nothing happens?
const stream = (workload: Workload, sizes: Sizes): Cost => NOT_YET

/** Of those whose messages are young enough on average, the one with the fewest bytes; null where none is. */
export function cheapest(workload: Workload, sizes: Record<Name, Sizes>, acceptableAgeMs: number): Name | null {
  // TODO 4
  return null
}
