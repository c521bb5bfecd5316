export interface Rate {
  /** If the cost (default: 1) fits, counts it and returns true. Otherwise counts nothing and returns false. */
  take(key: unknown, cost?: number): boolean
  /** Returns the time in ms until the cost fits, or 0 if the cost fits now. Counts nothing. */
  waitMs(key: unknown, cost?: number): number
  /** Counts the cost, even if it exceeds the limit. */
  add(key: unknown, cost?: number): void
}

export interface RateOptions {
  /**
   * Length of a burst in ms. A key that has used nothing for this time may use its share of the whole time at once.
   * Bursts are allowed because people type in bursts, and because the people of a class press a button at the same
   * moment.
   */
  readonly burstMs?: number
  readonly now?: () => number
}

export const BURST_MS = 2000

const UNLIMITED: Rate = { take: () => true, waitMs: () => 0, add() {} }

/**
 * Limits the cost per second of each key. The limit applies to the average over any time that is longer than a burst.
 * For each key, the rate stores only one number: the time from which the key may use a full burst again (GCRA, as used
 * for ATM cells). `now` returns the time in ms.
 */
export function createRate(
  perSecond: number,
  { burstMs = BURST_MS, now = () => performance.now() }: RateOptions = {},
): Rate {
  if (perSecond === Infinity) return UNLIMITED
  const eachMs = 1000 / perSecond
  // `recent` has the keys of this period; `former` has the keys of the period before. A key that is in neither map may
  // use a full burst.
  let recent = new Map<unknown, number>()
  let former = new Map<unknown, number>()
  let sinceMs = now()

  return {
    take(key, cost = 1) {
      const nowMs = now()
      const untilMs = quietAtMs(key, nowMs) + cost * eachMs
      if (untilMs > nowMs + burstMs) return false
      recent.set(key, untilMs)
      return true
    },
    waitMs(key, cost = 1) {
      const nowMs = now()
      return Math.max(0, quietAtMs(key, nowMs) + cost * eachMs - (nowMs + burstMs))
    },
    add: (key, cost = 1) => void recent.set(key, quietAtMs(key, now()) + cost * eachMs),
  }

  function quietAtMs(key: unknown, nowMs: number): number {
    forget(nowMs)
    return Math.max(recent.get(key) ?? former.get(key) ?? 0, nowMs)
  }

  function forget(nowMs: number): void {
    if (nowMs - sinceMs < burstMs) return
    for (const [key, quietAt] of former) if (quietAt > nowMs && !recent.has(key)) recent.set(key, quietAt)
    former = nowMs - sinceMs < 2 * burstMs ? recent : new Map()
    recent = new Map()
    sinceMs = nowMs
  }
}
