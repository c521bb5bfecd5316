/** The latencies of one lane, and their quantiles with how far each can be trusted. */

export interface Quantile {
  readonly ms: number
  /**
   * 95 % confidence interval by order statistics, whatever the distribution. Null where there are too
   * few answers for that end: p50 needs 6, the upper end of p95 needs 72 and that of p99 368.
   */
  readonly lowMs: number | null
  readonly highMs: number | null
}

export interface Latencies {
  /**
   * Takes one message's latency in; the oldest goes when the capacity is reached. Negative ones
   * (within the clock's bound) are kept as they are, and what is not finite is ignored.
   *
   * `answer` identifies the answer that brought it. Messages of one answer are correlated, so answers
   * are counted for the confidence interval. An answer's messages are added one after the other.
   */
  add(ms: number, answer: number): void
  clear(): void
  /** Messages held. */
  readonly n: number
  /** Answers that brought them. */
  readonly answers: number
  /** `p` is from 0 to 1. The nearest rank, so always a latency that was measured; null when n = 0. */
  quantile(p: number): Quantile | null
  /** Are there enough answers to say this quantile? Below that it is shown in grey. */
  enough(p: number): boolean
  /**
   * Counts over a log axis: `bins` of equal log width from 10**lowDecade to 10**highDecade ms, each
   * with its lower edge and without its upper. What lies outside is counted in the end bins.
   */
  histogram(lowDecade: number, highDecade: number, bins: number): Uint32Array
  /** All latencies in ms, smallest first: a view that the next `add` changes. Not to be modified. */
  sorted(): Float64Array
}

/** A quarter of an hour at 20 messages a second; inserting moves at most 160 kB, a few microseconds. */
const CAPACITY = 20_000

/** `capacity` is how many messages are held: at least 2. */
export function createLatencies(capacity: number = CAPACITY): Latencies {
  /** In the order of arrival: a ring, whose oldest is at `next` once it is full. */
  const arrived = new Float64Array(capacity)
  const answerOf = new Float64Array(capacity)
  /** The same latencies, smallest first. */
  const ordered = new Float64Array(capacity)
  let next = 0
  let n = 0
  let answers = 0
  /** NaN equals nothing, so the first message always begins an answer. */
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
    quantile(p) {
      if (n === 0) return null
      const { low, high } = confidenceRanks(answers, p)
      const messagesPerAnswer = n / answers
      return {
        ms: ofRank(Math.ceil(p * n - ROUNDING)),
        // Counting answers as the sample's size: each stands for its share of the messages.
        lowMs: low === null ? null : ofRank(Math.floor((low - 1) * messagesPerAnswer + ROUNDING) + 1),
        highMs: high === null ? null : ofRank(Math.ceil(high * messagesPerAnswer - ROUNDING)),
      }
    },
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

  /** How many of those held are smaller. */
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

  /** The rank-th smallest, counted from 1. */
  function ofRank(rank: number): number {
    return ordered[Math.min(Math.max(rank, 1), n) - 1] ?? Number.NaN
  }
}

/** 0.07 × 100 is 7.000000000000001: without this, a product that is whole would be taken up one rank too far. */
const ROUNDING = 1e-9

/** Half of what a 95 % interval leaves out. */
const TAIL = 0.025

/**
 * Which ranks of a sample, counted from 1, enclose its p-quantile in 95 % of all cases: how many of n
 * lie below that quantile is binomial. Null where not even the smallest or the largest does.
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

/** Against a tail of 0.025 this is nothing. */
const NEGLIGIBLE = 1e-12

/**
 * The binomial distribution, unnormalised, from `first` on as far as it is not negligible. It is built
 * outwards from its largest term, since (1 − p)^n is 0 in floating point for the n of a long run.
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
 * A few more than the interval needs in order to exist at all (72 for p95, 368 for p99), so that its
 * end is not the single worst answer. With 20, the median's interval lies within the middle half.
 */
function answersFor(p: number): number {
  const extreme = Math.max(p, 1 - p)
  if (extreme <= 0.5) return 20
  if (extreme <= 0.95) return 75
  return Math.round(4 / (1 - extreme))
}
