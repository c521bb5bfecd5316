/**
 * Time limits for a page that may stop running. If a timer fires late, the response may be waiting too, and the timer
 * may only be first in line. So a late timer does not prove that there was no response.
 */
import { now } from '../now.ts'

/** If a timer is later than this, the page did not run. */
const LATE_MS = 250
/** Time in which the waiting events of the page are handled. */
const GRACE_MS = 1000
/** Limit for repeated grace periods, because the timers of a hidden page are always late. */
const MOST_GRACES = 3

/**
 * Calls `passed` after `ms`, or up to a few seconds later if this page did not run meanwhile. Returns a function that
 * cancels the call.
 */
export function startDeadline(ms: number, passed: () => void): () => void {
  let dueMs = now() + ms
  let graces = 0
  let timer = setTimeout(look, ms)
  return () => clearTimeout(timer)

  function look(): void {
    if (now() - dueMs < LATE_MS || graces === MOST_GRACES) return passed()
    graces += 1
    dueMs = now() + GRACE_MS
    timer = setTimeout(look, GRACE_MS)
  }
}

/** Runs `work` with a signal that aborts after `ms` with a `TimeoutError`, or as soon as another signal aborts. */
export async function withinDeadline<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  ...others: readonly AbortSignal[]
): Promise<T> {
  const limit = new AbortController()
  const end = startDeadline(ms, () => limit.abort(new DOMException(`no answer within ${ms / 1000} s`, 'TimeoutError')))
  try {
    return await work(AbortSignal.any([limit.signal, ...others]))
  } finally {
    end()
  }
}
