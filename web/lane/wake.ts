/**
 * Notices when this page cannot keep a connection, and when it can again. The browser slows the timers of a hidden
 * page. A frozen or cached page runs no handler, but its sockets fill up. When the page is hidden, frozen or cached, it
 * closes its connections, and later resumes after its cursors.
 *
 * The page never reads `navigator.onLine`, because it only says whether this computer has an external network. Without
 * an external network, a server on the same computer still answers. With an external network, a remote server may still
 * be out of reach.
 */
export interface Wakeful {
  /** Closes all connections. The watcher may call this several times in a row. */
  rest(why: Rest): void
  /** Opens the lanes' connections again; each lane continues after its cursor. */
  wake(): void
  /**
   * The watcher calls this after a change of the network. The page then checks whether the server still answers, and
   * replaces dead connections.
   */
  check(): void
}

export type Rest = 'hidden' | 'frozen' | 'away'

/** Begins to watch. Returns a function that stops watching. */
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
