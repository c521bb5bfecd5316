/** Predicts what a workload costs with each transport. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Expectation, Model, ModelInputs, LaneSizes, Use } from './model.ts'
import type { RadioUse } from './radio.ts'
import { writesPerSecond } from './writing.ts'
import type { WritingSizes } from './writing.ts'
import { isBuffered, isWithoutSockets } from './workload.ts'
import type { Workload } from './workload.ts'

/** Prediction for one transport. Each value is for one client, unless its comment says otherwise. */
export interface Predicted extends Use {
  /** Bytes a second, in both directions, of the messages that the client writes. They are not in `bytesPerSecond`. */
  readonly writingPerSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  /** Number of connections that all clients together keep open. */
  readonly connections: number
  readonly memoryBytes: number
  readonly radio: RadioUse
  /** A sentence that says why the transport cannot do the task; null if the transport can do it. */
  readonly out: string | null
}

export type ByTransport<T> = Record<TransportName, T>

/** Facts about a transport from which the page makes the choice. */
export interface Candidate {
  readonly label: string
  readonly kind: 'poll' | 'stream' | 'socket'
  readonly simplicityRank: number
  readonly memoryKiB: number
  readonly canPush: boolean
  readonly isHeldByProxy: boolean
  readonly model: Model
}

const WAIT_S = 25
/** Shortest pause that the page considers between two polls. */
const SHORTEST_MS = 100
const LONGEST_MS = 3_600_000

/** Times of the network path. `serviceMs` is how long the server itself takes. `roundTripMs` is a whole round trip. */
export interface PathTimes {
  readonly roundTripMs: number
  readonly serviceMs: number
}

/**
 * Returns the conditions for the model. The poll interval is the longest interval at which 19 of 20 messages arrive in
 * time, if there is such an interval.
 */
export function conditionsOf({ rate, age }: Workload, { roundTripMs, serviceMs }: PathTimes): ModelInputs {
  const cycleMs = (age * 1000 - serviceMs - roundTripMs / 2) / 0.95
  const intervalMs = Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, cycleMs - roundTripMs - 1)))
  return { intervalMs, waitS: WAIT_S, roundTripMs, serviceMs, ratePerSecond: rate }
}

export function predict(
  candidate: Candidate,
  workload: Workload,
  sizes: LaneSizes,
  way: PathTimes,
  writing: WritingSizes,
  conditions: ModelInputs = conditionsOf(workload, way),
): Predicted {
  const { clients, memory, idle, age } = workload
  const busy = candidate.model.use(sizes, conditions)
  const quiet = candidate.model.use(sizes, { ...conditions, ratePerSecond: 0 })
  const mixed = (use: (one: Use) => number): number => (1 - idle / 100) * use(busy) + (idle / 100) * use(quiet)
  const radios = {
    busy: candidate.model.radio(conditions),
    quiet: candidate.model.radio({ ...conditions, ratePerSecond: 0 }),
  }
  const radio = (use: (one: RadioUse) => number): number =>
    (1 - idle / 100) * use(radios.busy) + (idle / 100) * use(radios.quiet)
  const delays = candidate.model.delay(conditions)
  const p95Ms = quantileOf(delays, 0.95)
  const requestsPerSecond = mixed((use) => use.requestsPerSecond)
  // A short poll uses its connection only for a round trip. The time in which a keep-alive connection is idle does not
  // count.
  const heldShare = candidate.canPush ? 1 : Math.min(1, (requestsPerSecond * way.roundTripMs) / 1000)
  const connections = clients * heldShare
  return {
    requestsPerSecond,
    bytesPerSecond: mixed((use) => use.bytesPerSecond),
    writingPerSecond: workload.speaks
      ? (1 - idle / 100) * writesPerSecond(workload) * (candidate.kind === 'socket' ? writing.socket : writing.post)
      : 0,
    p50Ms: delays.p50Ms,
    p95Ms,
    connections,
    memoryBytes: connections * (memory === 0 ? candidate.memoryKiB : memory) * 1024,
    radio: { awake: radio(({ awake }) => awake), wakesPerSecond: radio(({ wakesPerSecond }) => wakesPerSecond) },
    out: outOf(candidate, workload, p95Ms > age * 1000 * (1 + TOLERANCE), p95Ms),
  }
}

/** Relative error that is allowed, because the interval is rounded to a whole millisecond. */
const TOLERANCE = 0.01

function outOf(
  { kind, isHeldByProxy }: Candidate,
  { path, age }: Workload,
  isLate: boolean,
  p95Ms: number,
): string | null {
  if (kind === 'socket' && isWithoutSockets(path)) return 'A firewall on the network path refuses WebSockets.'
  if (isHeldByProxy && isBuffered(path))
    return 'A proxy on the network path waits for the end of a response, and a stream has no end.'
  return isLate
    ? `Messages arrive too late: 1 of 20 is older than ${Math.round(p95Ms)} ms, and the limit is ${age * 1000} ms.`
    : null
}

/** Returns the value below which the given share of the distribution lies. A bisection finds this value. */
export function quantileOf({ cdf, toMs }: Pick<Expectation, 'cdf' | 'toMs'>, share: number): number {
  let low = 0
  let high = Math.max(toMs, 1) * 4
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (cdf(middle) < share) low = middle
    else high = middle
  }
  return high
}
