/**
 * Holds the latencies of one lane. Computes quantiles of the latencies, and the confidence intervals of the quantiles.
 */

export interface Quantile {
  readonly ms: number
  /**
   * Ends of the 95 % confidence interval, which order statistics give for any distribution. An end is null if there are
   * too few responses: p50 needs 6, the upper end of p95 needs 72, and the upper end of p99 needs 368.
   */
  readonly lowMs: number | null
  readonly highMs: number | null
}

export interface Latencies {
  /**
   * Adds the latency of one message. If the capacity is reached, drops the oldest latency. Keeps a negative latency,
   * because the clock's error can cause it. Ignores a latency that is not finite.
   *
   * `answer` identifies the response that brought the message. Messages of one response are correlated, so the
   * confidence interval counts responses. A caller must add all messages of a response before it adds those of the next
   * response.
   */
  add(ms: number, answer: number): void
  clear(): void
  /** Number of messages whose latency is held. */
  readonly n: number
  /** Number of responses that brought the messages whose latency is held. */
  readonly answers: number
  /**
   * Returns the quantile for `p`, from 0 to 1; null when n = 0. The method is nearest rank, so the quantile is always
   * one of the measured latencies.
   */
  quantile(p: number): Quantile | null
  /**
   * Reports whether there are enough responses for this quantile. If there are not, the page shows the quantile in
   * grey.
   */
  enough(p: number): boolean
  /**
   * Returns a histogram with `bins` bins of equal width on a logarithmic axis, from 10**lowDecade to 10**highDecade ms.
   * A bin includes its lower edge and excludes its upper edge. A latency outside the axis counts in the first or last
   * bin.
   */
  histogram(lowDecade: number, highDecade: number, bins: number): Uint32Array
  /**
   * Returns all latencies in ms, smallest first. The array is a view: the next `add` changes the array, and a caller
   * must not change it.
   */
  sorted(): Float64Array
}

/**
 * Greatest number of latencies that are held: about a quarter of an hour at 20 messages a second. To insert one, the
 * computer moves at most 160 kB, which takes a few microseconds.
 */
const CAPACITY = 20_000

/**
 * Creates an empty set of latencies. `capacity` is the greatest number of latencies that the set holds; it is at least
 * 2.
 */
export function createLatencies(capacity: number = CAPACITY): Latencies {
  /** Latencies in order of arrival, as a ring buffer. Once the buffer is full, its oldest latency is at `next`. */
  const arrived = new Float64Array(capacity)
  const answerOf = new Float64Array(capacity)
  /** The same latencies as in `arrived`, smallest first. */
  const ordered = new Float64Array(capacity)
  let next = 0
  let n = 0
  let answers = 0
  /**
   * Identifies the response of the newest message. At the start it is NaN, which equals no number, so the first message
   * always begins a response.
   */
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

  /** Counts how many of the held latencies are smaller than `ms`. */
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
 * Returns a quantile of sorted latencies, smallest first; null if there are none. `answers` is the number of
 * independent responses that brought the latencies. The confidence interval depends on `answers`.
 */
export function sampleQuantile(sorted: Float64Array, answers: number, p: number): Quantile | null {
  const n = sorted.length
  if (n === 0) return null
  /** Returns the latency at a rank. Rank 1 is the smallest latency. */
  const ofRank = (rank: number): number => sorted[Math.min(Math.max(rank, 1), n) - 1] ?? Number.NaN
  const { low, high } = confidenceRanks(answers, p)
  const messagesPerAnswer = n / answers
  return {
    ms: ofRank(Math.ceil(p * n - ROUNDING)),
    // The interval is computed in ranks of responses. Each response counts as an equal number of messages.
    lowMs: low === null ? null : ofRank(Math.floor((low - 1) * messagesPerAnswer + ROUNDING) + 1),
    highMs: high === null ? null : ofRank(Math.ceil(high * messagesPerAnswer - ROUNDING)),
  }
}

/**
 * Allowance for rounding errors. For example, 0.07 × 100 is 7.000000000000001, and without this allowance `Math.ceil`
 * would make it 8.
 */
const ROUNDING = 1e-9

/** Probability that the true value is below a 95 % interval; the same for above. */
const TAIL = 0.025

/**
 * Returns two ranks, counted from 1, that enclose the p-quantile of a sample of n in 95 % of all cases. The number of
 * values below that quantile has a binomial distribution, from which the ranks follow. A rank is null if not even the
 * smallest or largest value is far enough.
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

/** Weights below this are left out, because they do not change a tail of 0.025. */
const NEGLIGIBLE = 1e-12

/**
 * Returns the weights of a binomial distribution, not normalised, from the number `first` on. Negligible weights are
 * left out. The function begins with the largest weight, because the weight (1 − p)^n would be 0 in floating point for
 * a large n.
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
 * Returns the number of responses from which the page shows a quantile in full. For p95 and p99, the number is a little
 * greater than the confidence interval needs (72 and 368), so that the interval's upper end is not the single worst
 * response. With 20 responses, the median's interval lies within the middle half.
 */
function answersFor(p: number): number {
  const extreme = Math.max(p, 1 - p)
  if (extreme <= 0.5) return 20
  if (extreme <= 0.95) return 75
  return Math.round(4 / (1 - extreme))
}
