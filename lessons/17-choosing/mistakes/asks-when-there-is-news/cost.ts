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

const NAMES = ['short-poll', 'long-poll', 'sse', 'ws'] as const
const HEARTBEAT_S = 15

export function costOf(name: Name, workload: Workload, sizes: Sizes): Cost {
  if (name === 'short-poll') return shortPoll(workload, sizes)
  return name === 'long-poll' ? longPoll(workload, sizes) : stream(workload, sizes)
}

function shortPoll({ ratePerSecond, intervalMs, roundTripMs }: Workload, { payload, exchange, empty }: Sizes): Cost {
  const requestsPerSecond = Math.min(ratePerSecond, 1000 / intervalMs)
  const isEmpty = Math.exp((-ratePerSecond * intervalMs) / 1000)
  const bytesPerPoll = (1 - isEmpty) * exchange + isEmpty * empty
  const bytesPerSecond = requestsPerSecond * bytesPerPoll + ratePerSecond * payload
  return { requestsPerSecond, bytesPerSecond, meanAgeMs: intervalMs / 2 + roundTripMs / 2 }
}

function longPoll({ ratePerSecond, waitS, roundTripMs }: Workload, { payload, exchange, empty }: Sizes): Cost {
  const gapS = roundTripMs / 1000
  const nothingInGap = Math.exp(-ratePerSecond * gapS)
  // Until the next message or the end of the wait, whichever comes first.
  const heldS = ratePerSecond === 0 ? waitS : (1 - Math.exp(-ratePerSecond * waitS)) / ratePerSecond
  const cycleS = gapS + nothingInGap * heldS
  const inVain = nothingInGap * Math.exp(-ratePerSecond * waitS)
  const bytesPerSecond = ((1 - inVain) * exchange + inVain * empty) / cycleS + ratePerSecond * payload
  // Who comes in the gap waits for the rest of it.
  const meanAgeMs = roundTripMs / 2 + (gapS / cycleS) * (roundTripMs / 2)
  return { requestsPerSecond: 1 / cycleS, bytesPerSecond, meanAgeMs }
}

function stream({ ratePerSecond, roundTripMs }: Workload, { payload, framing, heartbeat }: Sizes): Cost {
  const bytesPerSecond = ratePerSecond * (payload + framing) + heartbeat / HEARTBEAT_S
  return { requestsPerSecond: 0, bytesPerSecond, meanAgeMs: roundTripMs / 2 }
}

/** Of those whose messages are young enough on average, the one with the fewest bytes; null where none is. */
export function cheapest(workload: Workload, sizes: Record<Name, Sizes>, acceptableAgeMs: number): Name | null {
  const costs = NAMES.map((name) => ({ name, ...costOf(name, workload, sizes[name]) }))
  const fresh = costs.filter(({ meanAgeMs }) => meanAgeMs <= acceptableAgeMs)
  return fresh.toSorted((one, other) => one.bytesPerSecond - other.bytesPerSecond)[0]?.name ?? null
}
