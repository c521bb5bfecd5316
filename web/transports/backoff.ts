/** How long to wait before the next try: twice as long each time, up to a bound, and never the same for two clients. */
export interface Backoff {
  /** Counts a failure and answers the pause after it, in ms. */
  nextMs(): number
  /** It worked: the next failure is a first one again. */
  reset(): void
}

const FIRST_MS = 500
const LONGEST_MS = 15_000

export function createBackoff(): Backoff {
  let failures = 0
  return {
    nextMs() {
      const longestMs = Math.min(FIRST_MS * 2 ** failures, LONGEST_MS)
      failures += 1
      // A class that was cut together must not come back together: half of the pause is chance.
      return longestMs * (0.5 + Math.random() / 2)
    },
    reset() {
      failures = 0
    },
  }
}
