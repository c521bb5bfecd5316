/**
 * Notices that this page did not run, and that the computer's monotonic clock and wall clock moved apart.
 *
 * A late timer shows that the page did not run for a while: the computer was busy, or the process was stopped. The
 * connections are not affected. If the wall clock moved further than the monotonic clock, either the computer slept and
 * stopped the monotonic clock, or somebody set the wall clock. Only the server can tell a sleep from a clock that
 * somebody set.
 */
export interface PaceListener {
  /** The pace calls this when the page has not run for about `ms` milliseconds, until now. */
  late(ms: number): void
  /**
   * The pace calls this when the wall clock has moved `ms` milliseconds further than the monotonic clock. `ms` is
   * negative if the wall clock was set back.
   */
  movedApart(ms: number): void
}

export interface Pace {
  /**
   * Checks now. The browser may handle events that waited for the page before it runs this file's timer, so the
   * handlers of such events call this.
   */
  look(): void
  /** Starts again from now. The page calls this after a time in which it was not expected to run. */
  startAgain(): void
  stop(): void
}

const CHECK_MS = 250
/** Shortest delay that counts as late. A large task of the page itself, with garbage collection, is shorter. */
const LATE_MS = 500
/** Smallest difference that counts as moved apart. NTP by itself does not correct a clock by more than this at once. */
const APART_MS = 1000

export function watchPace(listener: PaceListener): Pace {
  let lastMs = performance.now()
  let apartMs = apart()
  const timer = setInterval(() => {
    look()
    startAgain()
  }, CHECK_MS)

  return { look, startAgain, stop: () => clearInterval(timer) }

  function look(): void {
    const nowMs = performance.now()
    const lateMs = nowMs - lastMs - CHECK_MS
    const movedMs = apart() - apartMs
    if (Math.abs(movedMs) > APART_MS) {
      apartMs += movedMs
      listener.movedApart(movedMs)
    }
    if (lateMs < LATE_MS) return
    lastMs = nowMs
    // The page stopped at an unknown moment between two checks, so half of the interval between checks is added.
    listener.late(lateMs + CHECK_MS / 2)
  }

  function startAgain(): void {
    lastMs = performance.now()
    apartMs = apart()
  }
}

const apart = (): number => Date.now() - performance.now()
