/**
 * Detects when this page can keep no connection, and when it can again. The browser slows the timers of a hidden
 * page. A frozen or cached page runs no handler while its sockets fill up. In each case the page closes its
 * connections, and later resumes by cursor.
 *
 * `navigator.onLine` is never read. It only says whether this computer has an external network. A server on the same
 * computer answers without one, and a remote server may be out of reach with one.
 */
export interface Wakeful {
  /** Closes all connections. May be called several times in a row. */
  rest(why: Rest): void
  /** Resumes from the cursors. */
  wake(): void
  /**
   * Called after a change of the network. Checks whether the server still answers, and replaces connections that are
   * dead.
   */
  check(): void
}

export type Rest = 'hidden' | 'frozen' | 'away'

/** Starts watching and returns a function that stops it. */
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
  for (const name of ['online', 'offline']) on(window, name, () => reasons.size === 0 && wakeful.check())
  if (document.visibilityState === 'hidden') begin('hidden')

  return () => stop.abort()
}
