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

const NAMES = ['short-poll', 'long-poll', 'sse', 'ws'] as const
const HEARTBEAT_S = 15

export function costOf(name: Name, workload: Workload, sizes: Sizes): Cost {
  if (name === 'short-poll') return shortPoll(workload, sizes)
  return name === 'long-poll' ? longPoll(workload, sizes) : stream(workload, sizes)
}

function shortPoll({ ratePerSecond, intervalMs, roundTripMs }: Workload, { payload, exchange, empty }: Sizes): Cost {
  const requestsPerSecond = 1000 / intervalMs
  const isEmpty = Math.exp((-ratePerSecond * intervalMs) / 1000)
  const bytesPerPoll = (1 - isEmpty) * exchange + isEmpty * empty
  const bytesPerSecond = requestsPerSecond * bytesPerPoll + ratePerSecond * payload
  return { requestsPerSecond, bytesPerSecond, meanAgeMs: intervalMs / 2 + roundTripMs / 2 }
}

function longPoll({ ratePerSecond, waitS, roundTripMs }: Workload, { payload, exchange, empty }: Sizes): Cost {
  const gapS = roundTripMs / 1000
  const nothingInGap = Math.exp(-ratePerSecond * gapS)
  // The mean time until the next message or the end of the wait, whichever comes first.
  const heldS = ratePerSecond === 0 ? waitS : (1 - Math.exp(-ratePerSecond * waitS)) / ratePerSecond
  const cycleS = gapS + nothingInGap * heldS
  const inVain = nothingInGap * Math.exp(-ratePerSecond * waitS)
  const bytesPerSecond = ((1 - inVain) * exchange + inVain * empty) / cycleS + ratePerSecond * payload
  // A message that comes in the gap waits for the rest of the gap.
  const meanAgeMs = roundTripMs / 2 + (gapS / cycleS) * (roundTripMs / 2)
  return { requestsPerSecond: 1 / cycleS, bytesPerSecond, meanAgeMs }
}

function stream({ ratePerSecond, roundTripMs }: Workload, { payload, framing, heartbeat }: Sizes): Cost {
  const bytesPerSecond = ratePerSecond * (payload + framing) + heartbeat / HEARTBEAT_S
  return { requestsPerSecond: 0, bytesPerSecond, meanAgeMs: roundTripMs / 2 }
}

/** The transport with the fewest bytes, of those whose mean age is acceptable; null if there is none. */
export function cheapest(workload: Workload, sizes: Record<Name, Sizes>, acceptableAgeMs: number): Name | null {
  const costs = NAMES.map((name) => ({ name, ...costOf(name, workload, sizes[name]) }))
  const fresh = costs.filter(({ meanAgeMs }) => meanAgeMs <= acceptableAgeMs)
  return fresh.toSorted((one, other) => one.bytesPerSecond - other.bytesPerSecond)[0]?.name ?? null
}
