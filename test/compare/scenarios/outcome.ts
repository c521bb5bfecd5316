/** What the clients of one process report about their scenario. */
export interface FleetOutcome {
  /** Clients that have lost their connection, or that have not returned. Slow clients do not count. */
  readonly dropped: number
  readonly storm: StormOutcome | null
  readonly slow: SlowOutcome | null
}

export interface StormOutcome {
  /** For each client that has returned: the time from the cut until it was live. */
  readonly liveAfterMs: readonly number[]
  /** For each client that has returned: the time from its first try until it was live. */
  readonly connectMs: readonly number[]
  /** Number of tries that failed. */
  readonly retries: number
}

export interface SlowOutcome {
  /** Slow clients that have lost their connection. */
  readonly dropped: number
  /** Bytes that a slow client had read less than another client, when it began to read again; null if unknown. */
  readonly unreadBytes: number | null
}
