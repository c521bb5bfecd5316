/** Predicts what a workload costs with each transport, and explains which transport to choose. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Expectation, Model, ModelInputs, LaneSizes, Use } from './model.ts'
import { isBuffered, isWithoutSockets } from './workload.ts'
import type { Workload } from './workload.ts'

/** Prediction for one transport. Each value is for one client, unless its comment says otherwise. */
export interface Predicted extends Use {
  readonly p50Ms: number
  readonly p95Ms: number
  /** Number of connections that all clients together keep open. */
  readonly connections: number
  readonly memoryBytes: number
  /** A sentence that says why the transport cannot do the task; null if the transport can do it. */
  readonly out: string | null
}

export type ByTransport<T> = Record<TransportName, T>

/** Facts about a transport from which the page makes the choice. */
export interface Candidate {
  readonly label: string
  readonly kind: 'poll' | 'stream' | 'socket'
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
  conditions: ModelInputs = conditionsOf(workload, way),
): Predicted {
  const { clients, memory, idle, age } = workload
  const busy = candidate.model.use(sizes, conditions)
  const quiet = candidate.model.use(sizes, { ...conditions, ratePerSecond: 0 })
  const mixed = (use: (one: Use) => number): number => (1 - idle / 100) * use(busy) + (idle / 100) * use(quiet)
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
    p50Ms: delays.p50Ms,
    p95Ms,
    connections,
    memoryBytes: connections * memory * 1024,
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

/** Returns the transport with the fewest bytes among the transports that can do the task; null if no transport can. */
export function cheapestOf(all: ByTransport<Predicted>): TransportName | null {
  const able = namesOf(all).filter((name) => all[name].out === null)
  return able.toSorted((one, other) => all[one].bytesPerSecond - all[other].bytesPerSecond)[0] ?? null
}

const namesOf = (all: ByTransport<unknown>): readonly TransportName[] => Object.keys(all) as TransportName[]

/** A transport whose cost is at most this many times the cost of the cheapest transport counts as equally good. */
const HARDLY = 1.1

/** Returns sentences that explain the choice, the most important sentence first. */
export function reasonsFor(
  all: ByTransport<Predicted>,
  { clients, idle, path, speaks, age }: Workload,
  candidates: ByTransport<Pick<Candidate, 'label' | 'kind' | 'canPush'>>,
): readonly string[] {
  const names = namesOf(all)
  const labelOf = (name: TransportName): string => candidates[name].label
  const best = cheapestOf(all)
  if (best === null)
    return [
      `No transport can do this task. ${names.map((name) => `${labelOf(name)}: ${all[name].out}`).join(' ')}`,
      'Allow a greater age, reduce the latency, or remove the obstacle from the network path.',
    ]
  const isSocket = candidates[best].kind === 'socket'
  const cheap = all[best].bytesPerSecond
  const close = names.filter(
    (name) => name !== best && all[name].out === null && all[name].bytesPerSecond <= HARDLY * cheap,
  )
  const dear = names.filter((name) => name !== best && all[name].out === null && !close.includes(name))
  const brief = names.find((name) => !candidates[name].canPush && all[name].out === null)
  const sentences = [
    `${labelOf(best)} costs least of the transports that are fast enough: ${rounded(cheap)} bytes a second for each client, ${rounded(cheap * clients)} in all.`,
  ]
  if (close.length > 0)
    sentences.push(
      `${list(close.map(labelOf))} ${close.length === 1 ? 'costs' : 'cost'} at most a tenth more. Choose the transport that is simplest to run.`,
    )
  for (const name of dear)
    sentences.push(`${labelOf(name)} needs ${times(all[name].bytesPerSecond / cheap)} as many bytes.`)
  for (const name of names)
    if (all[name].out !== null) sentences.push(`${labelOf(name)} cannot do this task. ${all[name].out}`)
  if (brief !== undefined)
    sentences.push(
      `${labelOf(brief)} makes ${rounded(all[brief].requestsPerSecond * clients)} requests a second in all, and keeps hardly any connection open. Each of the other transports keeps ${rounded(clients)} connections open.`,
    )
  if (speaks)
    sentences.push(
      isSocket
        ? 'Clients send messages as well. Over a WebSocket, each of these messages is one frame.'
        : 'Clients send messages as well. Without a WebSocket, each of these messages is a separate request, which is often good enough.',
    )
  if (isSocket && !isWithoutSockets(path))
    sentences.push('Some networks refuse WebSockets. There, the client has to fall back to SSE or long polling.')
  if (idle >= 50 && age >= 1)
    sentences.push(
      'The feed is quiet most of the time. A client that nobody looks at can close its connection, and later resume from its cursor.',
    )
  return sentences
}

const times = (factor: number): string => `${factor < 9.95 ? factor.toFixed(1) : Math.round(factor)} times`

const rounded = (value: number): string =>
  value >= 1e6 ? `${(value / 1e6).toPrecision(3)} million` : Number(value.toPrecision(3)).toLocaleString('en')

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
