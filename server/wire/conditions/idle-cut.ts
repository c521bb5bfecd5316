export interface IdleCut {
  /** A byte went by, in either direction: the time begins anew. */
  heard(): void
  stop(): void
}

/**
 * Closes a connection on which nothing was said for so long, in ms, by FIN to both sides.
 *
 * Models proxies and load balancers, which count per connection (nginx: 60 s). Does not model NAT
 * tables, which forget a connection without telling either end: that is a black hole.
 */
export function idleCut(idleCutMs: number, cut: () => void): IdleCut {
  const timer = setTimeout(cut, idleCutMs)
  return { heard: () => void timer.refresh(), stop: () => clearTimeout(timer) }
}
