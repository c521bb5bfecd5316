/** The same with one rule for both polls: what a workload costs one client by each of the four transports, from the sizes that were measured. */

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

/** From one request to the next, on average. */
interface Cycle {
  readonly seconds: number
  /** The share of the cycles that bring nothing. */
  readonly inVain: number
  /** How long a message waits for the next request. */
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
  // What is not in vain ends with one message; so many of them lie in a cycle, and that is its length.
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
