export interface Rate {
  /** Counts the cost (default: 1) and returns true if it fits. Otherwise returns false and counts nothing. */
  take(key: unknown, cost?: number): boolean
  /** Returns the time in ms until the cost fits; 0 if it fits now. Counts nothing. */
  waitMs(key: unknown, cost?: number): number
  /** Counts the cost, whether it fits or not. */
  add(key: unknown, cost?: number): void
}

export interface RateOptions {
  /**
   * Length of a burst. After a quiet time of this length, a key may use its whole share at once. People type in bursts,
   * and a class presses a button together.
   */
  readonly burstMs?: number
  readonly now?: () => number
}

export const BURST_MS = 2000

/**
 * Limits the cost per second of each key, averaged over any time longer than a burst. It keeps one number for each key:
 * the time at which the key's burst is full again (GCRA, as used for ATM cells). `now` is in ms.
 */
export function createRate(
  perSecond: number,
  { burstMs = BURST_MS, now = () => performance.now() }: RateOptions = {},
): Rate {
  const eachMs = 1000 / perSecond
  // Keys of this period and of the period before. A key in neither map has been quiet for longer than a burst.
  let recent = new Map<unknown, number>()
  let former = new Map<unknown, number>()
  let sinceMs = now()

  return {
    take(key, cost = 1) {
      const fits = overMs(key, cost) <= 0
      if (fits) add(key, cost)
      return fits
    },
    waitMs: (key, cost = 1) => Math.max(0, overMs(key, cost)),
    add: (key, cost = 1) => add(key, cost),
  }

  function add(key: unknown, cost: number): void {
    recent.set(key, quietAtMs(key) + cost * eachMs)
  }

  /** Returns the time in ms by which this cost would exceed the burst. */
  function overMs(key: unknown, cost: number): number {
    return quietAtMs(key) + cost * eachMs - (now() + burstMs)
  }

  function quietAtMs(key: unknown): number {
    const nowMs = now()
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
