/** The same model, calculated from the number of messages in a response. */

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
    // Counts the batch of RFC 6202, and the responses that end a wait.
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
