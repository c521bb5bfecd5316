export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * Where the median of all that might have been measured lies, with a confidence of 95 % at least, by
 * order statistics: whatever the distribution. Null for fewer than six values, with which nothing can
 * be said.
 */
export function medianInterval(values: readonly number[]): Interval | null {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  // Of n values, so many below the median with the probability of as many heads in n throws.
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
