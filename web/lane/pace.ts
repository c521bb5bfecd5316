/**
 * Detects that this page did not run, and that the computer's two clocks moved apart.
 *
 * A late timer proves that the page did not run meanwhile: the computer was busy, or the process was stopped. The
 * connections are not affected. If the wall clock moves against the monotonic clock, the computer slept while the
 * monotonic clock stood still, or somebody set the wall clock. Only the server can distinguish these two cases.
 */
export interface PaceListener {
  /** Called when the page did not run for about `ms` milliseconds, until now. */
  late(ms: number): void
  /**
   * Called when the wall clock moved `ms` milliseconds further than the monotonic clock; negative if it was set back.
   */
  movedApart(ms: number): void
}

export interface Pace {
  /** Checks now. The events that waited for the page may be handled before the timer fires. */
  look(): void
  /** Starts again from now. Called after a time in which the page was not expected to run. */
  startAgain(): void
  stop(): void
}

const CHECK_MS = 250
/** Smallest delay that is reported. It is longer than a large task of the page itself, garbage collection included. */
const LATE_MS = 500
/** Smallest difference of the clocks that is reported. NTP does not correct more at once by itself. */
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
    // The page stopped at an unknown moment between two checks, so half an interval is added.
    listener.late(lateMs + CHECK_MS / 2)
  }

  function startAgain(): void {
    lastMs = performance.now()
    apartMs = apart()
  }
}

const apart = (): number => Date.now() - performance.now()
