/**
 * Models which latency and how many bytes theory expects of each transport. The page draws the model's values beside
 * the measurements.
 *
 * A latency begins at the event's `at` and ends at the first line of the client's handler. In every lane a latency
 * begins with the commit (`serviceMs`), because no client can see the event before the commit ends. Then the event
 * waits, if the transport makes it wait. At the end the event travels to the client.
 */
import { heldRadio, periodicRadio, streamRadio } from './radio.ts'
import type { RadioUse } from './radio.ts'

export interface ModelInputs {
  /** Short polling: how long the client pauses between a response and the next request. */
  readonly intervalMs: number
  /** Long polling: the longest time for which the server holds a request. */
  readonly waitS: number
  readonly roundTripMs: number
  /** Duration of a commit: from the time at which the server accepts a publish until the transports get the event. */
  readonly serviceMs: number
  /** Messages per second in the whole room. The messages come as a Poisson process. */
  readonly ratePerSecond: number
}

export interface Expectation {
  readonly p50Ms: number
  /**
   * Lower end of the range that holds nearly all latencies, followed by its upper end. The range is 5 % to 95 %; for
   * short polling it holds all latencies.
   */
  readonly fromMs: number
  readonly toMs: number
  /** Returns the probability that a latency is at most `ms`. */
  cdf(ms: number): number
}

/** What theory expects of one transport. Each transport names its model. */
export interface Model {
  /** Returns the distribution of the latencies. */
  delay(conditions: ModelInputs): Expectation
  /**
   * Returns the bytes on the wire, in both directions, for each message that arrives; null if there are no messages.
   * Handshakes and reconnections do not count, because their share becomes smaller with every message.
   */
  bytesPerMessage(sizes: LaneSizes, conditions: ModelInputs): number | null
  /**
   * Returns the requests and bytes per second. This result has a value even for a feed without messages, unlike
   * `bytesPerMessage`.
   */
  use(sizes: LaneSizes, conditions: ModelInputs): Use
  /** Returns how often a response brings messages. Each frame or event of a stream counts as a response. */
  responses(conditions: ModelInputs): Responses
  /** Returns how often a client on a mobile network wakes the radio of its phone. */
  radio(conditions: ModelInputs): RadioUse
}

/** Responses that bring messages, to one client. */
export interface Responses {
  readonly perSecond: number
  /**
   * Variance of the number of responses in a time, divided by the mean of this number. It is 1 if they come at random
   * moments like the messages, and less if polls come at regular intervals.
   */
  readonly spread: number
}

/**
 * Time that a poll takes besides its round trip: the browser's fetch, and the server's work. This time is an
 * assumption, not a measurement. The time matters only if the interval and the round trip are short.
 */
const EXCHANGE_MS = 1

/**
 * Sizes of one lane's parts, in bytes of TCP payload. The page measures the sizes, because cookies, headers and names
 * differ between browsers and servers.
 */
export interface LaneSizes {
  /** Bytes of one message's JSON. */
  readonly payload: number
  /**
   * Bytes of the request head and the response head in an exchange that brings messages. A stream's handshake does not
   * count.
   */
  readonly heads: number
  /** Bytes around the messages. For a poll: around all messages of one response. For a stream: around each message. */
  readonly framing: number
  /** Bytes of the request and the response in a poll that brings no message. */
  readonly empty: number
}

/** What one client uses in a second. A stream's single request does not count. */
export interface Use {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
}

/** Seconds between two heartbeats that the server sends on a stream. */
const HEARTBEAT_S = 15

/** Short polling: the client pauses between a response and the next request. */
export const shortPolling: Model = polling(shortPollDelay, shortCycle, {
  spread: ({ empties }) => empties,
  radio: ({ seconds }) => periodicRadio(seconds),
})

/** Long polling: the server holds the request until it has a message. */
export const longPolling: Model = polling(longPollDelay, longCycle, {
  spread: () => 1,
  radio: (_, { ratePerSecond, waitS }) => heldRadio(ratePerSecond, waitS),
})

/**
 * Model of a stream or socket that stays open. `heartbeatBytes` is the size of one heartbeat, with the reply if there
 * is one.
 */
export function streaming(heartbeatBytes: number): Model {
  const heartbeatBytesPerSecond = heartbeatBytes / HEARTBEAT_S
  return {
    delay: streamDelay,
    bytesPerMessage: ({ payload, framing }, { ratePerSecond }) =>
      ratePerSecond === 0 ? null : payload + framing + heartbeatBytesPerSecond / ratePerSecond,
    use: ({ payload, framing }, { ratePerSecond }) => ({
      requestsPerSecond: 0,
      bytesPerSecond: ratePerSecond * (payload + framing) + heartbeatBytesPerSecond,
    }),
    responses: ({ ratePerSecond }) => ({ perSecond: ratePerSecond, spread: 1 }),
    radio: ({ ratePerSecond }) => streamRadio(ratePerSecond, HEARTBEAT_S),
  }
}

/** Facts in which the two kinds of polling differ. */
interface PollingFacts {
  spread(cycle: Cycle): number
  radio(cycle: Cycle, conditions: ModelInputs): RadioUse
}

function polling(
  delay: Model['delay'],
  cycle: (conditions: ModelInputs) => Cycle,
  { spread, radio }: PollingFacts,
): Model {
  return {
    responses(conditions) {
      const one = cycle(conditions)
      return { perSecond: one.useful / one.seconds, spread: spread(one) }
    },
    radio: (conditions) => radio(cycle(conditions), conditions),
    delay,
    bytesPerMessage({ payload, heads, framing, empty }, conditions) {
      if (conditions.ratePerSecond === 0) return null
      const { useful, empties, messages } = cycle(conditions)
      return payload + (useful * (heads + framing) + empties * empty) / messages
    },
    use({ payload, heads, framing, empty }, conditions) {
      const { useful, empties, seconds } = cycle(conditions)
      const around = useful * (heads + framing) + empties * empty
      return {
        requestsPerSecond: 1 / seconds,
        bytesPerSecond: around / seconds + conditions.ratePerSecond * payload,
      }
    },
  }
}

/** Averages over one polling cycle, which lasts from one response to the next. */
interface Cycle {
  /** Number of responses that bring messages. */
  readonly useful: number
  readonly empties: number
  readonly messages: number
  readonly seconds: number
}

/**
 * Computes a cycle of short polling. A poll is empty if nothing was published since the last poll. The probability of
 * this is e^(−r·p′).
 */
function shortCycle({ intervalMs, roundTripMs, ratePerSecond }: ModelInputs): Cycle {
  const messages = (ratePerSecond * (intervalMs + roundTripMs + EXCHANGE_MS)) / 1000
  const empties = Math.exp(-messages)
  return { useful: 1 - empties, empties, messages, seconds: (intervalMs + roundTripMs + EXCHANGE_MS) / 1000 }
}

/**
 * Computes a cycle of long polling. The server answers at once, with all messages that were published between the last
 * response and this request. If there were none, with probability e^(−r·g), the server holds the request. The server
 * then answers with the first message, or with an empty response after the hold: probability e^(−r·g)·e^(−r·T).
 */
function longCycle({ waitS, roundTripMs, ratePerSecond }: ModelInputs): Cycle {
  const gapS = (roundTripMs + EXCHANGE_MS) / 1000
  const inGap = ratePerSecond * gapS
  const empties = Math.exp(-inGap - ratePerSecond * waitS)
  const messages = inGap + Math.exp(-inGap) - empties
  return {
    useful: 1 - empties,
    empties,
    messages,
    seconds: ratePerSecond === 0 ? gapS + waitS : messages / ratePerSecond,
  }
}

/**
 * Computes the delay of short polling. The client pauses after each response, so a poll reaches the server once per
 * interval + round trip + exchange. An event can become visible at any moment between two polls, so its wait is
 * uniform. The response travels for half a round trip.
 */
function shortPollDelay({ intervalMs, roundTripMs, serviceMs }: ModelInputs): Expectation {
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
 * Computes the delay of long polling. The server answers a held request at once, as fast as a stream. After each
 * response comes a gap, in which the server has no request. An event that becomes visible in the gap waits until the
 * gap ends. A Poisson event falls on every moment of the gap with equal probability, so this wait is uniform.
 */
function longPollDelay(conditions: ModelInputs): Expectation {
  const wayMs = unknownWayMs(conditions)
  const gapMs = conditions.roundTripMs + EXCHANGE_MS
  const inGap = shareInGap(gapMs, conditions)
  return between5And95(conditions.serviceMs, conditions.serviceMs + wayMs + gapMs, (ms) => {
    const afterCommitMs = ms - conditions.serviceMs
    return (1 - inGap) * uniform(afterCommitMs, wayMs) + inGap * sumOfUniforms(afterCommitMs, wayMs, gapMs)
  })
}

/**
 * Returns the share of the events that become visible in a gap between two requests. On average, r·g events come in a
 * gap. One more event comes during a hold, with two conditions: no event came in the gap, e^(−r·g), and the hold lasted
 * long enough, 1 − e^(−r·T). For a long hold, the share is the textbook's r·g / b, with b = r·g + e^(−r·g) events per
 * response.
 */
function shareInGap(gapMs: number, { ratePerSecond, waitS }: ModelInputs): number {
  if (ratePerSecond === 0) return gapMs / (gapMs + waitS * 1000)
  const eventsInGap = (ratePerSecond * gapMs) / 1000
  const eventsWhileParked = -Math.exp(-eventsInGap) * Math.expm1(-ratePerSecond * waitS)
  return eventsInGap / (eventsInGap + eventsWhileParked)
}

/** Computes the delay of SSE and WebSocket: the commit, and the way to the client. */
function streamDelay(conditions: ModelInputs): Expectation {
  const wayMs = unknownWayMs(conditions)
  return between5And95(conditions.serviceMs, conditions.serviceMs + wayMs, (ms) =>
    uniform(ms - conditions.serviceMs, wayMs),
  )
}

/**
 * Returns the width of the range of times that a pushed event may need to the client. Neither the page nor the server
 * can measure how a round trip is divided, so every time from 0 to a whole round trip counts as equally likely. This
 * range describes what is unknown, not the real distribution, so no test of goodness of fit may use it. The width has a
 * minimum, which avoids a division by zero.
 */
function unknownWayMs({ roundTripMs }: ModelInputs): number {
  return Math.max(roundTripMs, 0.001)
}

function between5And95(lowestMs: number, highestMs: number, cdf: (ms: number) => number): Expectation {
  const at = (share: number): number => inverse(cdf, share, lowestMs, highestMs)
  return { p50Ms: at(0.5), fromMs: at(0.05), toMs: at(0.95), cdf }
}

/**
 * Returns the time at which `cdf` reaches a share, by bisection. After 50 halvings, the rest of the interval is
 * negligible for any range of milliseconds.
 */
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

/** Returns the distribution function of U(0, width). */
function uniform(ms: number, widthMs: number): number {
  return Math.min(1, Math.max(0, ms / widthMs))
}

/** Returns the distribution function of U(0, a) + U(0, b). */
function sumOfUniforms(ms: number, aMs: number, bMs: number): number {
  if (ms >= aMs + bMs) return 1
  const half = (x: number): number => Math.max(0, x) ** 2 / 2
  return (half(ms) - half(ms - aMs) - half(ms - bMs)) / (aMs * bMs)
}

/**
 * Kolmogorov–Smirnov test of `sorted` samples, smallest first, against a continuous distribution. `d` is the greatest
 * distance between the distribution functions. `p` is the probability that chance alone gives a distance of `d`, if the
 * samples are independent. The computation of `p` is asymptotic with Stephens' correction (1970), and good from n = 5
 * on. Without samples, d = 0 and p = 1.
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

/** Returns P(K > x) of Kolmogorov's distribution. */
function kolmogorovTail(x: number): number {
  // Below 0.2, the alternating series needs more and more terms, and the probability is 1 up to twelve digits.
  if (x < 0.2) return 1
  let sum = 0
  for (let j = 1; j <= 20; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * (j * x) ** 2)
  return Math.min(1, Math.max(0, sum))
}
