export interface IdleCut {
  /** Restarts the timer. Call `heard` for every byte in either direction. */
  heard(): void
  stop(): void
}

/**
 * Calls `cut` when no byte has passed for `idleCutMs`. The link then closes the connection for the client (with a FIN)
 * and for the server.
 *
 * Models proxies and load balancers: they close a connection on which no byte passes for some time (nginx: 60 s). Does
 * not model NAT tables: they forget a silent connection and tell neither end. The cut `black hole` models NAT tables.
 */
export function idleCut(idleCutMs: number, cut: () => void): IdleCut {
  const timer = setTimeout(cut, idleCutMs)
  return { heard: () => void timer.refresh(), stop: () => clearTimeout(timer) }
}
