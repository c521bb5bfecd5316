export interface IdleCut {
  /** Restarts the timer. Call it for every byte in either direction. */
  heard(): void
  stop(): void
}

/**
 * Calls `cut` when no byte has passed for `idleCutMs`. The connection then ends with FIN to both sides.
 *
 * Models proxies and load balancers, which close a connection after some time of silence (nginx: 60 s). Does not
 * model NAT tables, which forget a connection without telling either end. The black hole models those.
 */
export function idleCut(idleCutMs: number, cut: () => void): IdleCut {
  const timer = setTimeout(cut, idleCutMs)
  return { heard: () => void timer.refresh(), stop: () => clearTimeout(timer) }
}
