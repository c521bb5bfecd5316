/**
 * What theory expects of each transport, to be drawn under what was measured.
 *
 * A latency counts from `at` to the first line of the client's handler. Every lane waits for the
 * commit first (`serviceMs`): until then the event is not visible to anyone. Then comes what the lane
 * itself costs, the wait for someone to give the event to, and the way down last.
 */
import type { TransportName } from '../../server/protocol.ts'

export interface Conditions {
  /** Short polling: the pause between an answer and the next request. */
  readonly intervalMs: number
  /** Long polling: how long the server may hold a request. */
  readonly waitS: number
  readonly roundTripMs: number
  /** From accepting a publish to handing it to the transports: the commit. */
  readonly serviceMs: number
  /** Of the whole room, as a Poisson process. */
  readonly ratePerSecond: number
}

export interface Expectation {
  readonly p50Ms: number
  /** The range that holds nearly all: 5 % to 95 %, for short polling all of it. */
  readonly fromMs: number
  readonly toMs: number
  /** P(latency <= ms). */
  cdf(ms: number): number
}

export function expected(transport: TransportName, conditions: Conditions): Expectation {
  return EXPECTATIONS[transport](conditions)
}

const EXPECTATIONS: Record<TransportName, (conditions: Conditions) => Expectation> = {
  'short-poll': shortPoll,
  'long-poll': longPoll,
  sse: stream,
  ws: stream,
}

/**
 * What a poll takes beside the bare round trip: the browser's fetch, the server's parsing and answering.
 * An allowance, not a measurement: it matters only where both interval and round trip are short.
 */
const EXCHANGE_MS = 1

/** Of one lane, in bytes of TCP payload: what this browser and this server say is measured, as cookies, headers and names differ. */
export interface Sizes {
  /** The JSON of a message. */
  readonly payload: number
  /** Request and response head of an exchange that brings something; for streams the handshake does not count. */
  readonly heads: number
  /** Polls: what is around the messages of one answer. Streams: around each message. */
  readonly framing: number
  /** A poll that brings nothing, request and answer. */
  readonly empty: number
}

/** How often a stream's server gives a sign of life, and its bytes: a comment in its chunk, or a ping and its masked pong. */
const HEARTBEAT_S = 15
const HEARTBEAT_BYTES = { sse: 10, ws: 8 }

/**
 * The bytes that cross the wire for each message that arrives, both ways; null where there are no
 * messages to share them. Handshakes and reconnecting are left out: they weigh less with every message.
 */
export function expectedBytes(transport: TransportName, sizes: Sizes, conditions: Conditions): number | null {
  const { payload, heads, framing, empty } = sizes
  const { ratePerSecond } = conditions
  if (ratePerSecond === 0) return null
  if (transport === 'sse' || transport === 'ws')
    return payload + framing + HEARTBEAT_BYTES[transport] / HEARTBEAT_S / ratePerSecond
  const { useful, empties, messages } = transport === 'short-poll' ? shortCycle(conditions) : longCycle(conditions)
  return payload + (useful * (heads + framing) + empties * empty) / messages
}

/** What one client uses in a second. A stream's one request is long over. */
export interface Use {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
}

/** As `expectedBytes`, by the second: so it has an answer for a feed in which nothing happens, too. */
export function expectedUse(transport: TransportName, sizes: Sizes, conditions: Conditions): Use {
  const { payload, heads, framing, empty } = sizes
  const { ratePerSecond } = conditions
  if (transport === 'sse' || transport === 'ws') {
    const bytesPerSecond = ratePerSecond * (payload + framing) + HEARTBEAT_BYTES[transport] / HEARTBEAT_S
    return { requestsPerSecond: 0, bytesPerSecond }
  }
  const { useful, empties, messages } = transport === 'short-poll' ? shortCycle(conditions) : longCycle(conditions)
  const { intervalMs, waitS, roundTripMs } = conditions
  const gapS = (roundTripMs + EXCHANGE_MS) / 1000
  const longS = ratePerSecond === 0 ? gapS + waitS : messages / ratePerSecond
  const cycleS = transport === 'short-poll' ? gapS + intervalMs / 1000 : longS
  const around = useful * (heads + framing) + empties * empty
  return { requestsPerSecond: 1 / cycleS, bytesPerSecond: around / cycleS + ratePerSecond * payload }
}

/** Of one cycle of polling, on average: answers that bring something, answers that do not, messages. */
interface Cycle {
  readonly useful: number
  readonly empties: number
  readonly messages: number
}

/** A poll is empty when nothing was published since the one before, e^(−r·p′). */
function shortCycle({ intervalMs, roundTripMs, ratePerSecond }: Conditions): Cycle {
  const messages = (ratePerSecond * (intervalMs + roundTripMs + EXCHANGE_MS)) / 1000
  const empties = Math.exp(-messages)
  return { useful: 1 - empties, empties, messages }
}

/**
 * From one answer to the next: what was published in the gap is answered at once and together; else the
 * request is held for the first message, e^(−r·g), or in vain, e^(−r·g)·e^(−r·T).
 */
function longCycle({ waitS, roundTripMs, ratePerSecond }: Conditions): Cycle {
  const inGap = (ratePerSecond * (roundTripMs + EXCHANGE_MS)) / 1000
  const empties = Math.exp(-inGap - ratePerSecond * waitS)
  return { useful: 1 - empties, empties, messages: inGap + Math.exp(-inGap) - empties }
}

/**
 * The pause begins at the answer, so polls reach the server every interval + round trip + exchange.
 * An event becomes visible at any moment between two of them: the wait is uniform, the way down half
 * the round trip.
 */
function shortPoll({ intervalMs, roundTripMs, serviceMs }: Conditions): Expectation {
  const cycleMs = intervalMs + roundTripMs + EXCHANGE_MS
  const fromMs = serviceMs + roundTripMs / 2
  return {
    p50Ms: fromMs + cycleMs / 2,
    fromMs,
    toMs: fromMs + cycleMs,
    cdf: (ms) => uniform(ms - fromMs, cycleMs),
  }
}

/**
 * A parked request is answered at once, as fast as a stream. But from each answer until the next
 * request is there nothing is parked, and an event that becomes visible within this gap waits for the
 * rest of it. Poisson arrivals lie anywhere in a gap with equal chance, so that wait is uniform.
 */
function longPoll(conditions: Conditions): Expectation {
  const wayMs = unknownWayMs(conditions)
  const gapMs = conditions.roundTripMs + EXCHANGE_MS
  const inGap = shareInGap(gapMs, conditions)
  return between5And95(conditions.serviceMs, conditions.serviceMs + wayMs + gapMs, (ms) => {
    const afterCommitMs = ms - conditions.serviceMs
    return (1 - inGap) * uniform(afterCommitMs, wayMs) + inGap * sumOfUniforms(afterCommitMs, wayMs, gapMs)
  })
}

/**
 * Of one gap and the parking after it: r·g events come in the gap, and one while parked, provided that
 * none is there already when the request arrives, e^(−r·g), and that one comes before the server gives up,
 * 1 − e^(−r·T). With a long wait this is the textbook's r·g / b, b = r·g + e^(−r·g) events an answer.
 */
function shareInGap(gapMs: number, { ratePerSecond, waitS }: Conditions): number {
  if (ratePerSecond === 0) return gapMs / (gapMs + waitS * 1000)
  const eventsInGap = (ratePerSecond * gapMs) / 1000
  const eventsWhileParked = -Math.exp(-eventsInGap) * Math.expm1(-ratePerSecond * waitS)
  return eventsInGap / (eventsInGap + eventsWhileParked)
}

/** SSE and WebSocket wait for nobody: the commit, and the way down. */
function stream(conditions: Conditions): Expectation {
  const wayMs = unknownWayMs(conditions)
  return between5And95(conditions.serviceMs, conditions.serviceMs + wayMs, (ms) =>
    uniform(ms - conditions.serviceMs, wayMs),
  )
}

/**
 * How the round trip splits into up and down nobody can know from its ends, so what is pushed takes
 * between none and all of it, each as likely as the other. That is the width of what is not known, not
 * a claim about the shape: no goodness of fit should be tested against it. The least width keeps the
 * formulas from dividing by zero.
 */
function unknownWayMs({ roundTripMs }: Conditions): number {
  return Math.max(roundTripMs, 0.001)
}

function between5And95(lowestMs: number, highestMs: number, cdf: (ms: number) => number): Expectation {
  const at = (share: number): number => inverse(cdf, share, lowestMs, highestMs)
  return { p50Ms: at(0.5), fromMs: at(0.05), toMs: at(0.95), cdf }
}

/** By bisection; 50 halvings leave nothing of any span of milliseconds. */
function inverse(cdf: (ms: number) => number, share: number, lowestMs: number, highestMs: number): number {
  let low = lowestMs
  let high = highestMs
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (cdf(middle) < share) low = middle
    else high = middle
  }
  return high
}

/** The distribution function of U(0, width). */
function uniform(ms: number, widthMs: number): number {
  return Math.min(1, Math.max(0, ms / widthMs))
}

/** The distribution function of U(0, a) + U(0, b). */
function sumOfUniforms(ms: number, aMs: number, bMs: number): number {
  if (ms >= aMs + bMs) return 1
  const half = (x: number): number => Math.max(0, x) ** 2 / 2
  return (half(ms) - half(ms - aMs) - half(ms - bMs)) / (aMs * bMs)
}

/**
 * Kolmogorov–Smirnov: the largest distance D between the samples (sorted, smallest first) and a
 * continuous distribution function, and how likely one as large is by chance, if the samples are
 * independent. The p-value is asymptotic with Stephens' correction (1970), good from n = 5 on; no samples
 * contradict nothing: D = 0, p = 1.
 */
export function kolmogorovSmirnov(sorted: ArrayLike<number>, cdf: (ms: number) => number): { d: number; p: number } {
  const n = sorted.length
  if (n === 0) return { d: 0, p: 1 }
  let d = 0
  for (let i = 0; i < n; i++) {
    const share = cdf(sorted[i] ?? Number.NaN)
    d = Math.max(d, share - i / n, (i + 1) / n - share)
  }
  const root = Math.sqrt(n)
  return { d, p: kolmogorovTail((root + 0.12 + 0.11 / root) * d) }
}

/** P(K > x) of Kolmogorov's distribution. */
function kolmogorovTail(x: number): number {
  // Below, the alternating series needs ever more terms, for a result that is 1 to twelve digits.
  if (x < 0.2) return 1
  let sum = 0
  for (let j = 1; j <= 20; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * (j * x) ** 2)
  return Math.min(1, Math.max(0, sum))
}
