/**
 * Computes how long a client waits before its next attempt. Each wait is twice as long as the last one, up to a limit.
 * A part of each wait is random, so that clients do not reconnect together.
 */
export interface Backoff {
  /** Counts a failure, and returns for how many ms the client must wait now. */
  nextMs(): number
  /** Makes the next wait short again, after a success. */
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
      // Half of the wait is random. Otherwise a class whose connections were cut together would reconnect all at once.
      return longestMs * (0.5 + Math.random() / 2)
    },
    reset() {
      failures = 0
    },
  }
}
