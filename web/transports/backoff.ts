/**
 * Computes the pause before the next attempt. The pause doubles each time up to a limit, and is partly random, so
 * that clients do not reconnect together.
 */
export interface Backoff {
  /** Counts a failure and returns the pause after it, in ms. */
  nextMs(): number
  /** Resets the pause after a success. */
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
      // Half of the pause is random, so that a class that was cut together does not reconnect all at once.
      return longestMs * (0.5 + Math.random() / 2)
    },
    reset() {
      failures = 0
    },
  }
}
