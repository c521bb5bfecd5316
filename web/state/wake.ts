/**
 * Tells when this page can keep no connection, and when it can again. A hidden page's timers are
 * slowed down, a frozen or cached one runs no handler while its sockets fill up, a laptop that
 * slept has sockets that lead nowhere: in all of these the page lets go and comes back by cursor.
 */
export interface Wakeful {
  /** Let all connections go. May come several times in a row. */
  rest(why: Rest): void
  /** Go on from the cursors. */
  wake(): void
  /** Time passed that nobody saw: let go and go on at once, with a new clock. */
  jump(ms: number): void
}

export type Rest = 'hidden' | 'frozen' | 'away' | 'offline'

const CHECK_MS = 500
/** A timer this late, or clocks this far apart, mean sleep, a frozen page or a set clock, and no longer mere load. */
const JUMP_MS = 1000

/** Starts watching; what it returns stops it. */
export function watchWake(wakeful: Wakeful): () => void {
  const stop = new AbortController()
  const on = (target: EventTarget, type: string, handler: (event: Event) => void): void =>
    target.addEventListener(type, handler, { signal: stop.signal })
  const reasons = new Set<Rest>()
  const begin = (why: Rest): void => {
    reasons.add(why)
    wakeful.rest(why)
  }
  const end = (...over: Rest[]): void => {
    const was = reasons.size
    for (const why of over) reasons.delete(why)
    const left = [...reasons][0]
    if (left !== undefined) wakeful.rest(left)
    else if (was > 0) wakeful.wake()
  }

  const visibility = (): void => (document.visibilityState === 'hidden' ? begin('hidden') : end('hidden', 'frozen'))
  on(document, 'visibilitychange', visibility)
  on(document, 'freeze', () => begin('frozen'))
  on(document, 'resume', () => end('frozen'))
  on(window, 'pagehide', () => begin('away'))
  on(window, 'pageshow', () => {
    end('away', 'frozen')
    visibility()
  })
  on(window, 'offline', () => begin('offline'))
  on(window, 'online', () => end('offline'))
  if (!navigator.onLine) begin('offline')
  if (document.visibilityState === 'hidden') begin('hidden')

  const stopClock = watchClock((ms) => {
    if (reasons.size === 0) wakeful.jump(ms)
  })
  return () => {
    stop.abort()
    stopClock()
  }
}

/** Calls back when the timer comes late by more than a second, or the two clocks have moved apart by as much. */
export function watchClock(jumped: (ms: number) => void): () => void {
  let dueMs = performance.now() + CHECK_MS
  let apartMs = Date.now() - performance.now()
  const timer = setInterval(() => {
    const slipMs = performance.now() - dueMs
    const movedMs = Date.now() - performance.now() - apartMs
    dueMs = performance.now() + CHECK_MS
    apartMs += movedMs
    const ms = Math.abs(movedMs) > Math.abs(slipMs) ? movedMs : slipMs
    if (Math.abs(ms) > JUMP_MS) jumped(ms)
  }, CHECK_MS)
  return () => clearInterval(timer)
}
