export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * Returns a confidence interval of at least 95 % for the median, by order statistics. It holds for any
 * distribution. Null for fewer than six values, because they are too few for an interval.
 */
export function medianInterval(values: readonly number[]): Interval | null {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  // The number of values below the median has the distribution of heads in n throws of a coin.
  let exactly = 0.5 ** n
  let atMost = exactly
  let rank = 0
  while (2 * atMost <= 0.05 && rank < n) {
    exactly *= (n - rank) / (rank + 1)
    rank += 1
    atMost += exactly
  }
  const [low, high] = [sorted[rank - 1], sorted[n - rank]]
  return low === undefined || high === undefined ? null : { low, high }
}
