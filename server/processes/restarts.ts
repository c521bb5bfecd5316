/** Age from which a worker counts as stable. */
const STABLE_MS = 10_000

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/** Number of early ends in a row, for each worker, after which the server gives up. */
const EARLY_ENDS = 4

export interface Restarts {
  /**
   * Returns the pause in milliseconds before a worker that has ended is replaced. Returns null if the server should end
   * instead. `livedMs`: age of the worker that has ended. `oldestMs`: age of the oldest worker that still listens; 0 if
   * there is none.
   */
  pauseMs(livedMs: number, oldestMs: number): number | null
}

/**
 * Decides when workers are replaced. A worker that was stable is replaced at once, and so is the first worker that has
 * ended early. The pauses before further ones grow. If workers end early again and again, and no worker is stable,
 * another attempt would not help.
 */
export function createRestarts(workers: number): Restarts {
  /** Number of workers in a row that have ended before they were stable. */
  let early = 0
  return {
    pauseMs(livedMs, oldestMs) {
      if (livedMs >= STABLE_MS) {
        early = 0
        return 0
      }
      early += 1
      if (early >= EARLY_ENDS * workers && oldestMs < STABLE_MS) return null
      return early === 1 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (early - 2), LONGEST_PAUSE_MS)
    },
  }
}
