/** The same by the messages of an answer: what a workload costs one client by each of the four transports, from the sizes that were measured. */

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

const HEARTBEATS_PER_SECOND = 1 / 15

const MODELS: Record<Name, (workload: Workload, sizes: Sizes) => Cost> = {
  'short-poll'({ ratePerSecond: rate, intervalMs, roundTripMs }, { payload, exchange, empty }) {
    const polls = 1000 / intervalMs
    const useful = polls * -Math.expm1((-rate * intervalMs) / 1000)
    const bytesPerSecond = useful * exchange + (polls - useful) * empty + rate * payload
    return { requestsPerSecond: polls, bytesPerSecond, meanAgeMs: (intervalMs + roundTripMs) / 2 }
  },
  'long-poll'({ ratePerSecond: rate, waitS, roundTripMs }, { payload, exchange, empty }) {
    const gapS = roundTripMs / 1000
    if (rate === 0) {
      const requests = 1 / (gapS + waitS)
      return { requestsPerSecond: requests, bytesPerSecond: requests * empty, meanAgeMs: roundTripMs }
    }
    // RFC 6202's batch, and the answers that end a wait.
    const inVain = Math.exp(-rate * (gapS + waitS))
    const messages = rate * gapS + Math.exp(-rate * gapS) - inVain
    const requests = rate / messages
    const bytesPerSecond = requests * ((1 - inVain) * exchange + inVain * empty) + rate * payload
    const shareInGap = (rate * gapS) / messages
    return { requestsPerSecond: requests, bytesPerSecond, meanAgeMs: (roundTripMs / 2) * (1 + shareInGap) }
  },
  sse: stream,
  ws: stream,
}

function stream({ ratePerSecond, roundTripMs }: Workload, { payload, framing, heartbeat }: Sizes): Cost {
  const bytesPerSecond = ratePerSecond * (payload + framing) + heartbeat * HEARTBEATS_PER_SECOND
  return { requestsPerSecond: 0, bytesPerSecond, meanAgeMs: roundTripMs / 2 }
}

export const costOf = (name: Name, workload: Workload, sizes: Sizes): Cost => MODELS[name](workload, sizes)

export function cheapest(workload: Workload, sizes: Record<Name, Sizes>, acceptableAgeMs: number): Name | null {
  const names: readonly Name[] = ['short-poll', 'long-poll', 'sse', 'ws']
  const cost = (name: Name) => costOf(name, workload, sizes[name])
  return names
    .filter((name) => cost(name).meanAgeMs <= acceptableAgeMs)
    .reduce<Name | null>(
      (best, name) => (best !== null && cost(best).bytesPerSecond <= cost(name).bytesPerSecond ? best : name),
      null,
    )
}
