/**
 * Models the latency and the bytes that theory expects of each transport. The page draws them beside the
 * measurements.
 *
 * A latency begins at the event's `at` and ends at the first line of the client's handler. In every lane it begins
 * with the commit (`serviceMs`), before which no client can see the event. Then comes the wait of the transport, and
 * at the end the way to the client.
 */
export interface ModelInputs {
  /** Short polling: the pause between a response and the next request. */
  readonly intervalMs: number
  /** Long polling: the longest time for which the server holds a request. */
  readonly waitS: number
  readonly roundTripMs: number
  /** Time of the commit: from the acceptance of a publish until the transports get the event. */
  readonly serviceMs: number
  /** Rate of the whole room, as a Poisson process. */
  readonly ratePerSecond: number
}

export interface Expectation {
  readonly p50Ms: number
  /** Range that holds nearly all latencies: 5 % to 95 %, or all of them for short polling. */
  readonly fromMs: number
  readonly toMs: number
  /** P(latency <= ms). */
  cdf(ms: number): number
}

/** Expectations for one transport. Each transport names the model that applies to it. */
export interface Model {
  /** Distribution of the latencies. */
  delay(conditions: ModelInputs): Expectation
  /**
   * Bytes that cross the wire for each message that arrives, in both directions; null if there are no messages.
   * Handshakes and reconnections are left out, because their share falls with every message.
   */
  bytesPerMessage(sizes: LaneSizes, conditions: ModelInputs): number | null
  /** Requests and bytes per second. Unlike `bytesPerMessage`, it has a value for a feed without messages too. */
  use(sizes: LaneSizes, conditions: ModelInputs): Use
}

/**
 * Time of a poll in addition to the round trip: the browser's fetch, and the work of the server. It is an allowance,
 * not a measurement, and matters only if the interval and the round trip are both short.
 */
const EXCHANGE_MS = 1

/**
 * Sizes of one lane, in bytes of TCP payload. They are measured, because cookies, headers and names differ between
 * browsers and servers.
 */
export interface LaneSizes {
  /** The JSON of one message. */
  readonly payload: number
  /** Request head and response head of an exchange that brings messages. The handshake of a stream is not included. */
  readonly heads: number
  /** For polls: the bytes around all messages of one response. For streams: the bytes around each message. */
  readonly framing: number
  /** Request and response of a poll that brings no message. */
  readonly empty: number
}

/** Resources that one client uses in a second. The single request of a stream is left out. */
export interface Use {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
}

/** Interval between two heartbeats that the server of a stream sends. */
const HEARTBEAT_S = 15

/** Short polling: the client pauses between a response and the next request. */
export const shortPolling: Model = polling(shortPollDelay, shortCycle)

/** Long polling: the server holds the request until it has a message. */
export const longPolling: Model = polling(longPollDelay, longCycle)

/**
 * Model of a stream or socket that stays open. `heartbeatBytes` is the size of one heartbeat, with its reply if it
 * has one.
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
  }
}

function polling(delay: Model['delay'], cycle: (conditions: ModelInputs) => Cycle): Model {
  return {
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

/** Averages of one cycle of polling, from one response to the next. */
interface Cycle {
  /** Number of responses that bring messages. */
  readonly useful: number
  readonly empties: number
  readonly messages: number
  readonly seconds: number
}

/** Cycle of short polling. A poll is empty if nothing was published since the poll before: probability e^(−r·p′). */
function shortCycle({ intervalMs, roundTripMs, ratePerSecond }: ModelInputs): Cycle {
  const messages = (ratePerSecond * (intervalMs + roundTripMs + EXCHANGE_MS)) / 1000
  const empties = Math.exp(-messages)
  return { useful: 1 - empties, empties, messages, seconds: (intervalMs + roundTripMs + EXCHANGE_MS) / 1000 }
}

/**
 * Cycle of long polling. Messages that are published between a response and the next request come together, in an
 * immediate response. Otherwise, with probability e^(−r·g), the server holds the request. The hold ends with the
 * first message, or with an empty response: probability e^(−r·g)·e^(−r·T).
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
 * Delay of short polling. The pause begins at the response, so polls reach the server once per interval + round trip
 * + exchange. An event becomes visible at any moment between two polls, so the wait is uniform. The response needs
 * half the round trip.
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
 * Delay of long polling. The server answers a held request at once, as fast as a stream. After each response there is
 * a gap, because the next request is not there yet. An event that becomes visible in this gap waits for the rest of
 * the gap. A Poisson event falls on any moment of a gap with equal probability, so that wait is uniform.
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
 * Share of the events that become visible in a gap between two requests. On average, r·g events come in a gap. One
 * more event comes during the hold, if the gap had none, e^(−r·g), and if the hold does not end before, 1 − e^(−r·T).
 * For a long hold this is the textbook's r·g / b, with b = r·g + e^(−r·g) events per response.
 */
function shareInGap(gapMs: number, { ratePerSecond, waitS }: ModelInputs): number {
  if (ratePerSecond === 0) return gapMs / (gapMs + waitS * 1000)
  const eventsInGap = (ratePerSecond * gapMs) / 1000
  const eventsWhileParked = -Math.exp(-eventsInGap) * Math.expm1(-ratePerSecond * waitS)
  return eventsInGap / (eventsInGap + eventsWhileParked)
}

/** Delay of SSE and WebSocket: only the commit and the way to the client. */
function streamDelay(conditions: ModelInputs): Expectation {
  const wayMs = unknownWayMs(conditions)
  return between5And95(conditions.serviceMs, conditions.serviceMs + wayMs, (ms) =>
    uniform(ms - conditions.serviceMs, wayMs),
  )
}

/**
 * Range of the time that a pushed event needs to the client. The two ends cannot measure how the round trip is
 * divided, so any value from 0 to the whole round trip is treated as equally likely. This describes a lack of
 * knowledge, not the real distribution, so no goodness of fit may be tested against it. The smallest range avoids a
 * division by zero.
 */
function unknownWayMs({ roundTripMs }: ModelInputs): number {
  return Math.max(roundTripMs, 0.001)
}

function between5And95(lowestMs: number, highestMs: number, cdf: (ms: number) => number): Expectation {
  const at = (share: number): number => inverse(cdf, share, lowestMs, highestMs)
  return { p50Ms: at(0.5), fromMs: at(0.05), toMs: at(0.95), cdf }
}

/**
 * Inverts `cdf` by bisection. After 50 halvings, the remaining interval is negligible for any range of milliseconds.
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
 * Kolmogorov–Smirnov test of `sorted` samples (smallest first) against a continuous distribution. `d` is the greatest
 * distance between the two distribution functions. `p` is the probability that chance alone gives such a distance, if
 * the samples are independent. It is asymptotic with Stephens' correction (1970), good from n = 5 on. Without
 * samples, d = 0 and p = 1.
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
  // Below 0.2 the alternating series needs more and more terms, and the result is 1 to twelve digits.
  if (x < 0.2) return 1
  let sum = 0
  for (let j = 1; j <= 20; j++) sum += (j % 2 === 1 ? 2 : -2) * Math.exp(-2 * (j * x) ** 2)
  return Math.min(1, Math.max(0, sum))
}
