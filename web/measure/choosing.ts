/** What a workload costs by each transport, which of them can do it, and why one would choose it. */
import type { TransportName } from '../../server/protocol.ts'
import { expected, expectedUse } from './model.ts'
import type { Conditions, Expectation, Sizes, Use } from './model.ts'
import type { Workload } from './workload.ts'

/** Of one client, but for what says otherwise. */
export interface Predicted extends Use {
  readonly p50Ms: number
  readonly p95Ms: number
  /** Connections that all clients together keep open. */
  readonly connections: number
  readonly memoryBytes: number
  /** Why it cannot do what is asked, as a sentence; null where it can. */
  readonly out: string | null
}

export type ByTransport<T> = Record<TransportName, T>

const NAMES: readonly TransportName[] = ['short-poll', 'long-poll', 'sse', 'ws']

const WAIT_S = 25
/** A page asks no more often than that. */
const SHORTEST_MS = 100
const LONGEST_MS = 3_600_000

/** `serviceMs`: what the server itself takes; `roundTripMs`: of the whole way. */
export interface Way {
  readonly roundTripMs: number
  readonly serviceMs: number
}

/** How often short polling has to ask so that 19 of 20 messages are young enough, as far as asking can bring that about. */
export function conditionsOf({ rate, age }: Workload, { roundTripMs, serviceMs }: Way): Conditions {
  const cycleMs = (age * 1000 - serviceMs - roundTripMs / 2) / 0.95
  const intervalMs = Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, cycleMs - roundTripMs - 1)))
  return { intervalMs, waitS: WAIT_S, roundTripMs, serviceMs, ratePerSecond: rate }
}

export function predict(
  transport: TransportName,
  workload: Workload,
  sizes: Sizes,
  way: Way,
  conditions: Conditions = conditionsOf(workload, way),
): Predicted {
  const { clients, memory, idle, age } = workload
  const busy = expectedUse(transport, sizes, conditions)
  const quiet = expectedUse(transport, sizes, { ...conditions, ratePerSecond: 0 })
  const mixed = (use: (one: Use) => number): number => (1 - idle / 100) * use(busy) + (idle / 100) * use(quiet)
  const delays = expected(transport, conditions)
  const p95Ms = quantileOf(delays, 0.95)
  const requestsPerSecond = mixed((use) => use.requestsPerSecond)
  // A short poll holds its connection for a round trip, and a keep-alive that nobody needs is not counted.
  const heldShare = transport === 'short-poll' ? Math.min(1, (requestsPerSecond * way.roundTripMs) / 1000) : 1
  const connections = clients * heldShare
  return {
    requestsPerSecond,
    bytesPerSecond: mixed((use) => use.bytesPerSecond),
    p50Ms: delays.p50Ms,
    p95Ms,
    connections,
    memoryBytes: connections * memory * 1024,
    out: outOf(transport, workload, p95Ms > age * 1000 * (1 + TOLERANCE), p95Ms),
  }
}

/** Of the interval, which is rounded to a millisecond. */
const TOLERANCE = 0.01

function outOf(transport: TransportName, { path, age }: Workload, isLate: boolean, p95Ms: number): string | null {
  if (transport === 'ws' && path === 'firewall') return 'Refused on the way: a firewall lets no WebSocket through.'
  if (transport === 'sse' && path === 'buffers') return 'Held back on the way: a proxy collects what does not end.'
  return isLate
    ? `Too late: 1 of 20 messages is older than ${Math.round(p95Ms)} ms, and ${age * 1000} are asked.`
    : null
}

/** By bisection between 0 and an hour. */
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

/** The one with the fewest bytes of those that can; null where none can. */
export function cheapestOf(all: ByTransport<Predicted>): TransportName | null {
  const able = NAMES.filter((name) => all[name].out === null)
  return able.toSorted((one, other) => all[one].bytesPerSecond - all[other].bytesPerSecond)[0] ?? null
}

/** Another that costs hardly more is as good. */
const HARDLY = 1.1

/** Plain sentences, the most important first. `labels`: what the transports are called. */
export function reasonsFor(
  all: ByTransport<Predicted>,
  { clients, idle, path, speaks, age }: Workload,
  labels: ByTransport<string>,
): readonly string[] {
  const best = cheapestOf(all)
  if (best === null)
    return [
      `None of the four can do this. ${NAMES.map((name) => `${labels[name]}: ${all[name].out}`).join(' ')}`,
      'Allow a greater age, shorten the way, or have the network let more through.',
    ]
  const cheap = all[best].bytesPerSecond
  const close = NAMES.filter(
    (name) => name !== best && all[name].out === null && all[name].bytesPerSecond <= HARDLY * cheap,
  )
  const dear = NAMES.filter((name) => name !== best && all[name].out === null && !close.includes(name))
  const asks = all['short-poll']
  const sentences = [
    `${labels[best]} costs least of those that are fresh enough: ${rounded(cheap)} bytes a second for each client, ${rounded(cheap * clients)} in all.`,
  ]
  if (close.length > 0)
    sentences.push(
      `${list(close.map((name) => labels[name]))} ${close.length === 1 ? 'costs' : 'cost'} hardly more, within a tenth: take the one that is simplest to run.`,
    )
  for (const name of dear)
    sentences.push(`${labels[name]} costs ${times(all[name].bytesPerSecond / cheap)} as many bytes.`)
  for (const name of NAMES) if (all[name].out !== null) sentences.push(`${labels[name]} is out. ${all[name].out}`)
  if (asks.out === null)
    sentences.push(
      `Short polling makes ${rounded(asks.requestsPerSecond * clients)} requests a second in all, and keeps next to no connection open; each of the others keeps ${rounded(clients)}.`,
    )
  if (speaks)
    sentences.push(
      best === 'ws'
        ? 'Clients speak as well: over a WebSocket that is a frame each.'
        : 'Clients speak as well: without a WebSocket each word is a request of its own, which may well be good enough.',
    )
  if (best === 'ws' && path !== 'firewall')
    sentences.push('Some networks refuse WebSockets: have the client fall back to SSE or long polling there.')
  if (idle >= 50 && age >= 1)
    sentences.push(
      'It is quiet most of the time: a client that nobody looks at can let go and come back by its cursor.',
    )
  return sentences
}

const times = (factor: number): string => `${factor < 9.95 ? factor.toFixed(1) : Math.round(factor)} times`

const rounded = (value: number): string =>
  value >= 1e6 ? `${(value / 1e6).toPrecision(3)} million` : Number(value.toPrecision(3)).toLocaleString('en')

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
