/**
 * Exact Mann-Whitney test: the probability that chance alone separates two samples at least as much, if both come from
 * the same distribution. It makes no assumption about that distribution. Equal values share their rank.
 */
export function mannWhitneyP(one: readonly number[], other: readonly number[]): number {
  const all = [...one, ...other].toSorted((a, b) => a - b)
  // Twice the mean rank, which is a whole number: the first and the last rank of the equal values together.
  const ranks = new Map(all.map((value) => [value, all.indexOf(value) + all.lastIndexOf(value) + 2]))
  const rankSum = (values: readonly number[]): number => values.reduce((sum, value) => sum + (ranks.get(value) ?? 0), 0)
  const ways = waysToChoose(
    one.length,
    all.map((value) => ranks.get(value) ?? 0),
  )
  const mean = (one.length * rankSum(all)) / all.length
  const distance = Math.abs(rankSum(one) - mean)
  let farther = 0
  let total = 0
  for (const [sum, count] of ways.entries()) {
    total += count
    if (Math.abs(sum - mean) >= distance) farther += count
  }
  return farther / total
}

/** Returns, for each sum, the number of ways to choose `count` of the ranks with this sum. */
function waysToChoose(count: number, ranks: readonly number[]): Float64Array {
  const largest = ranks.reduce((sum, rank) => sum + rank, 0)
  const ways = Array.from({ length: count + 1 }, () => new Float64Array(largest + 1))
  const [none] = ways
  if (none) none[0] = 1
  for (const rank of ranks) {
    // From the largest number down, so that each rank is chosen at most once.
    for (let chosen = count; chosen > 0; chosen--) {
      const [to, from] = [ways[chosen], ways[chosen - 1]]
      if (to && from) for (let sum = largest; sum >= rank; sum--) to[sum] = (to[sum] ?? 0) + (from[sum - rank] ?? 0)
    }
  }
  return ways[count] ?? new Float64Array(1)
}
