/** Holds the latencies of one lane, and computes quantiles with their confidence intervals. */

export interface Quantile {
  readonly ms: number
  /**
   * Ends of the 95 % confidence interval, by order statistics, for any distribution. An end is null if there are too
   * few responses for it: p50 needs 6, the upper end of p95 needs 72, and the upper end of p99 needs 368.
   */
  readonly lowMs: number | null
  readonly highMs: number | null
}

export interface Latencies {
  /**
   * Adds the latency of one message. If the capacity is reached, the oldest latency is dropped. Negative latencies
   * are kept, because the clock's error can cause them. A value that is not finite is ignored.
   *
   * `answer` identifies the response that brought the message. Messages of one response are correlated, so the
   * confidence interval counts responses. All messages of a response are added before the next response.
   */
  add(ms: number, answer: number): void
  clear(): void
  /** Number of messages held. */
  readonly n: number
  /** Number of responses that brought the messages held. */
  readonly answers: number
  /** Quantile for `p` between 0 and 1, by nearest rank, so it is always a measured latency; null when n = 0. */
  quantile(p: number): Quantile | null
  /** Reports whether there are enough responses for this quantile. With fewer, the figure is shown in grey. */
  enough(p: number): boolean
  /**
   * Histogram over a logarithmic axis with `bins` bins of equal width, from 10**lowDecade to 10**highDecade ms. A bin
   * includes its lower edge and excludes its upper edge. Values outside the range count in the first or last bin.
   */
  histogram(lowDecade: number, highDecade: number, bins: number): Uint32Array
  /**
   * All latencies in ms, smallest first. The array is a view: the next `add` changes it, and callers must not modify
   * it.
   */
  sorted(): Float64Array
}

/**
 * Number of latencies held: about a quarter of an hour at 20 messages a second. An insertion moves at most 160 kB,
 * which takes a few microseconds.
 */
const CAPACITY = 20_000

/** Creates an empty set of latencies. `capacity` is the number of messages held, at least 2. */
export function createLatencies(capacity: number = CAPACITY): Latencies {
  /** Latencies in order of arrival, as a ring buffer: once it is full, the oldest is at `next`. */
  const arrived = new Float64Array(capacity)
  const answerOf = new Float64Array(capacity)
  /** The same latencies, smallest first. */
  const ordered = new Float64Array(capacity)
  let next = 0
  let n = 0
  let answers = 0
  /** NaN is not equal to itself, so the first message always begins a response. */
  let newestAnswer = Number.NaN

  return {
    add(ms, answer) {
      if (!Number.isFinite(ms)) return
      if (n === capacity) removeOldest()
      insert(ms)
      if (answer !== newestAnswer) answers++
      newestAnswer = answer
      arrived[next] = ms
      answerOf[next] = answer
      next = (next + 1) % capacity
    },
    clear() {
      next = 0
      n = 0
      answers = 0
      newestAnswer = Number.NaN
    },
    get n() {
      return n
    },
    get answers() {
      return answers
    },
    quantile: (p) => sampleQuantile(ordered.subarray(0, n), answers, p),
    enough(p) {
      return answers >= answersFor(p)
    },
    histogram(lowDecade, highDecade, bins) {
      const counts = new Uint32Array(bins)
      let counted = 0
      for (let bin = 0; bin < bins; bin++) {
        const upperMs = 10 ** (lowDecade + ((highDecade - lowDecade) * (bin + 1)) / bins)
        const below = bin === bins - 1 ? n : rankOf(upperMs)
        counts[bin] = below - counted
        counted = below
      }
      return counts
    },
    sorted() {
      return ordered.subarray(0, n)
    },
  }

  function removeOldest(): void {
    const at = rankOf(arrived[next] ?? 0)
    ordered.copyWithin(at, at + 1, n)
    n--
    if (answerOf[next] !== answerOf[(next + 1) % capacity]) answers--
  }

  function insert(ms: number): void {
    const at = rankOf(ms)
    ordered.copyWithin(at + 1, at, n)
    ordered[at] = ms
    n++
  }

  /** Counts the latencies held that are smaller than `ms`. */
  function rankOf(ms: number): number {
    let from = 0
    let to = n
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((ordered[middle] ?? 0) < ms) from = middle + 1
      else to = middle
    }
    return from
  }
}

/**
 * Quantile of latencies that are sorted, smallest first; null if there are none. `answers` is the number of independent
 * observations among them: its confidence interval counts these.
 */
export function sampleQuantile(sorted: Float64Array, answers: number, p: number): Quantile | null {
  const n = sorted.length
  if (n === 0) return null
  /** Latency of the given rank, counted from 1 for the smallest. */
  const ofRank = (rank: number): number => sorted[Math.min(Math.max(rank, 1), n) - 1] ?? Number.NaN
  const { low, high } = confidenceRanks(answers, p)
  const messagesPerAnswer = n / answers
  return {
    ms: ofRank(Math.ceil(p * n - ROUNDING)),
    // The interval is found in ranks of responses. Each response stands for an equal share of the messages.
    lowMs: low === null ? null : ofRank(Math.floor((low - 1) * messagesPerAnswer + ROUNDING) + 1),
    highMs: high === null ? null : ofRank(Math.ceil(high * messagesPerAnswer - ROUNDING)),
  }
}

/** 0.07 × 100 is 7.000000000000001. Without this allowance, `Math.ceil` would round such a product up by one rank. */
const ROUNDING = 1e-9

/** Share of the cases that a 95 % interval leaves out at each end. */
const TAIL = 0.025

/**
 * Ranks, counted from 1, that enclose the p-quantile of a sample of n in 95 % of all cases. They follow from the
 * binomial distribution of the number of values below that quantile. A rank is null if even the smallest or the
 * largest value does not suffice.
 */
function confidenceRanks(n: number, p: number): { readonly low: number | null; readonly high: number | null } {
  const { first, weights } = binomial(n, p)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let low = 0
  let high = first + 1
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    if (sum <= TAIL * total) low = first + i
    if (sum < (1 - TAIL) * total) high = first + i + 1
    sum += weight
  }
  return { low: low >= 1 ? low : null, high: high <= n ? high : null }
}

/** A smaller weight has no effect beside a tail of 0.025. */
const NEGLIGIBLE = 1e-12

/**
 * Unnormalised binomial distribution from `first` on, without its negligible terms. It is built outwards from its
 * largest term, because (1 − p)^n is 0 in floating point if n is large.
 */
function binomial(n: number, p: number): { readonly first: number; readonly weights: readonly number[] } {
  const odds = p / (1 - p)
  const mode = Math.min(n, Math.floor((n + 1) * p))
  const below: number[] = []
  for (let k = mode, weight = 1; k > 0 && weight > NEGLIGIBLE; k--) {
    weight *= k / ((n - k + 1) * odds)
    below.push(weight)
  }
  const above: number[] = []
  for (let k = mode, weight = 1; k < n && weight > NEGLIGIBLE; k++) {
    weight *= ((n - k) / (k + 1)) * odds
    above.push(weight)
  }
  return { first: mode - below.length, weights: [...below.reverse(), 1, ...above] }
}

/**
 * Number of responses from which a quantile is shown in full. It is a little more than the confidence interval needs
 * (72 for p95, 368 for p99), so that the interval's upper end is not the single worst response. With 20 responses,
 * the interval of the median lies within the middle half.
 */
function answersFor(p: number): number {
  const extreme = Math.max(p, 1 - p)
  if (extreme <= 0.5) return 20
  if (extreme <= 0.95) return 75
  return Math.round(4 / (1 - extreme))
}
