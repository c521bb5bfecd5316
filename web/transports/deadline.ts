/**
 * Time limits for a page that may not run for a while. If a timer fires late, the response may have arrived too, and
 * the browser only runs the timer first. So a late timer does not prove that the response is missing.
 */
import { now } from '../now.ts'

/** If a timer is later than this, the page did not run for a while. */
const LATE_MS = 250
/** Additional time in which the page handles the events that waited for it. */
const GRACE_MS = 1000
/** Greatest number of times that a time limit is extended, because a hidden page's timers are always late. */
const MOST_GRACES = 3

/**
 * Calls `passed` after `ms`. If this page does not run for a while, the call can come a few seconds later. Returns a
 * function that cancels the call.
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

/**
 * Runs `work` with a signal. The signal aborts after `ms` with a `TimeoutError`, or as soon as another signal aborts.
 */
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
