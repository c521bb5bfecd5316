/** The same model, with one rule for both kinds of polling. */

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

/** The mean time from one request to the next. */
interface Cycle {
  readonly seconds: number
  /** The share of cycles without a message. */
  readonly inVain: number
  /** The mean time that a message waits for the next request. */
  readonly waitsMs: number
}

export function costOf(name: Name, workload: Workload, sizes: Sizes): Cost {
  const { ratePerSecond, roundTripMs } = workload
  const cycle = name === 'short-poll' ? shortCycle(workload) : name === 'long-poll' ? longCycle(workload) : null
  const downMs = roundTripMs / 2
  if (!cycle) {
    const bytes = ratePerSecond * (sizes.payload + sizes.framing) + sizes.heartbeat / 15
    return { requestsPerSecond: 0, bytesPerSecond: bytes, meanAgeMs: downMs }
  }
  const { seconds, inVain, waitsMs } = cycle
  const around = sizes.exchange + inVain * (sizes.empty - sizes.exchange)
  return {
    requestsPerSecond: 1 / seconds,
    bytesPerSecond: around / seconds + ratePerSecond * sizes.payload,
    meanAgeMs: waitsMs + downMs,
  }
}

function shortCycle({ ratePerSecond, intervalMs }: Workload): Cycle {
  const seconds = intervalMs / 1000
  return { seconds, inVain: Math.exp(-ratePerSecond * seconds), waitsMs: intervalMs / 2 }
}

function longCycle({ ratePerSecond, waitS, roundTripMs }: Workload): Cycle {
  const gapS = roundTripMs / 1000
  const quiet = Math.exp(-ratePerSecond * gapS)
  const inVain = quiet * Math.exp(-ratePerSecond * waitS)
  // A hold with a message ends with one message. The number of messages in a cycle gives the length of the cycle.
  const held = ratePerSecond > 0 ? (quiet - inVain) / ratePerSecond : waitS
  return { seconds: gapS + held, inVain, waitsMs: (gapS / (gapS + held)) * (roundTripMs / 2) }
}

export function cheapest(workload: Workload, sizes: Record<Name, Sizes>, acceptableAgeMs: number): Name | null {
  let best: Name | null = null
  let fewest = Infinity
  for (const name of ['short-poll', 'long-poll', 'sse', 'ws'] as const) {
    const { bytesPerSecond, meanAgeMs } = costOf(name, workload, sizes[name])
    if (meanAgeMs > acceptableAgeMs || bytesPerSecond >= fewest) continue
    best = name
    fewest = bytesPerSecond
  }
  return best
}
