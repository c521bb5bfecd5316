export interface Rate {
  /** Does one more fit? If so it counts. */
  take(key: unknown): boolean
}

/** Who was quiet may make up for so much time at once: people type in bursts, and classes press a button together. */
const BURST_MS = 2000

/**
 * At most so many a second for each key, over any while longer than a burst. It keeps one number
 * for each: when the key will have been quiet for long enough that it counts as never seen
 * (GCRA, as ATM counts its cells). `now` in ms.
 */
export function createRate(perSecond: number, now: () => number = () => performance.now()): Rate {
  const eachMs = 1000 / perSecond
  // Keys seen since then, and in the while before: what is in neither has been quiet for longer than a burst.
  let recent = new Map<unknown, number>()
  let former = new Map<unknown, number>()
  let sinceMs = now()

  return {
    take(key) {
      const nowMs = now()
      forget(nowMs)
      const quietAtMs = Math.max(recent.get(key) ?? former.get(key) ?? 0, nowMs) + eachMs
      if (quietAtMs > nowMs + BURST_MS) return false
      recent.set(key, quietAtMs)
      return true
    },
  }

  function forget(nowMs: number): void {
    if (nowMs - sinceMs < BURST_MS) return
    former = nowMs - sinceMs < 2 * BURST_MS ? recent : new Map()
    recent = new Map()
    sinceMs = nowMs
  }
}
