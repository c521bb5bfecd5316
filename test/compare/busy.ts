/**
 * Watches how long this process has been busy since it last waited for something. A message that is read now arrived
 * in the kernel after that moment, because the process would have read it at once before.
 */
import { performance } from 'node:perf_hooks'

export interface Busy {
  /** Returns the longest time for which a message that is read at `nowMs` can have waited for this process. */
  sinceMs(nowMs: number): number
}

/** The call that asks the kernel for events takes some µs, even if it does not wait. */
const WAITED_MS = 0.005

export function watchBusy(nowMs: number): Busy {
  let lastMs = nowMs
  let idleMs = performance.nodeTiming.idleTime
  let busyMs = 0

  return {
    sinceMs(nowMs) {
      const idleNowMs = performance.nodeTiming.idleTime
      const passedMs = nowMs - lastMs
      const waitedMs = idleNowMs - idleMs
      // After a wait, the work before it is counted too. The bound is then too large, but never too small.
      busyMs = waitedMs > WAITED_MS ? Math.max(0, passedMs - waitedMs) : busyMs + passedMs
      lastMs = nowMs
      idleMs = idleNowMs
      return busyMs
    },
  }
}
