/**
 * Estimates the server's clock from this page.
 *
 * One sample does not show how its round trip is divided between the two directions. But it bounds the offset with
 * certainty: the server's first stamp was made after t0, and its second before t3. Each sample gives such an
 * interval, and the true offset lies in all of them, so it lies in their intersection. The bound is therefore correct
 * however the delays are divided, as long as the clocks drift by no more than MAX_DRIFT. The sample with the smallest
 * delay would give a plausible offset too, but it would prove nothing.
 */

/** The four stamps of NTP (RFC 5905 §8) in milliseconds: t0 and t3 by the page's clock, t1 and t2 by the server's. */
export interface ClockSample {
  readonly t0: number
  readonly t1: number
  readonly t2: number
  readonly t3: number
}

/** Estimated offset: serverTime = pageTime + offsetMs, true within ±boundMs. */
export interface ClockReading {
  readonly offsetMs: number
  readonly boundMs: number
}

export interface Clock {
  /**
   * Adds a sample. An impossible sample (a stamp that is not a number, or t3 before t0) is ignored. If a sample
   * contradicts an older one, a clock was set or stood still; all older samples are then dropped.
   */
  add(sample: ClockSample): void
  /**
   * Offset at the given page time, past or present; null before the first sample. After a step of either clock,
   * earlier times get the offset that holds since the step.
   */
  at(pageMs: number): ClockReading | null
  /** The smallest round trip among the samples, without the time that the server took; null before the first sample. */
  readonly roundTripMs: number | null
  clear(): void
}

/**
 * Greatest drift of the two clocks, for two crystals of ±50 ppm each. If NTP adjusts a clock faster than this, the
 * samples contradict each other, and the clock starts again from the newest.
 */
const MAX_DRIFT = 100e-6

/** After this time the interval of a sample has widened by 18 ms at each end, so the sample is no longer useful. */
const MAX_AGE_MS = 180_000

/**
 * Greatest number of samples that are kept: a minute of samples at one every 2 s. The limit bounds the memory and the
 * work.
 */
const MAX_HELD = 32

/**
 * Resolution of Chromium's timer on a page that is not cross-origin isolated; Chromium reduces it against timing
 * attacks.
 */
const RESOLUTION_MS = 0.1

/**
 * Creates a clock. `resolutionMs` is the greatest error of a reading of this page's clock: 0.1 in Chromium (the
 * default), 0.005 in Chromium on a cross-origin isolated page, 1 in Firefox and Safari. If the value is too small,
 * the bound is wrong and good samples contradict each other.
 */
export function createClock(resolutionMs: number = RESOLUTION_MS): Clock {
  let held: readonly Bounds[] = []

  return {
    add(sample) {
      if (!isPossible(sample)) return
      const newest = boundsOf(sample, resolutionMs)
      // The moment of the step is unknown, so none of the older samples is trusted.
      const older = held.some((one) => contradict(one, newest)) ? [] : held
      const fresh = older.filter((one) => newest.t3 - one.t3 <= MAX_AGE_MS)
      held = [...fresh, newest].slice(-MAX_HELD)
    },
    at(pageMs) {
      return held.length === 0 ? null : intersection(held, pageMs)
    },
    get roundTripMs() {
      return held.length === 0 ? null : Math.min(...held.map((one) => one.roundTripMs))
    },
    clear() {
      held = []
    },
  }
}

/** Limits that one sample sets to the offset: at least `lowMs` at t3, at most `highMs` at t0. */
interface Bounds {
  readonly t0: number
  readonly t3: number
  readonly lowMs: number
  readonly highMs: number
  readonly roundTripMs: number
}

function isPossible({ t0, t1, t2, t3 }: ClockSample): boolean {
  return [t0, t1, t2, t3].every(Number.isFinite) && t3 >= t0
}

function boundsOf({ t0, t1, t2, t3 }: ClockSample, resolutionMs: number): Bounds {
  const offsetMs = (t1 - t0 + (t2 - t3)) / 2
  // With a coarse timer, the time that the server took can seem longer than the whole round trip.
  const roundTripMs = Math.max(0, t3 - t0 - (t2 - t1))
  // The resolution counts twice: for the stamp of the sample, and for the page time to which the offset is added.
  const slackMs = roundTripMs / 2 + 2 * resolutionMs
  return { t0, t3, lowMs: offsetMs - slackMs, highMs: offsetMs + slackMs, roundTripMs }
}

function contradict(one: Bounds, other: Bounds): boolean {
  return excludes(one, other) || excludes(other, one)
}

/** Reports whether the lower bound of `lower` is further above the upper bound of `upper` than MAX_DRIFT allows. */
function excludes(upper: Bounds, lower: Bounds): boolean {
  return lower.lowMs - upper.highMs > MAX_DRIFT * Math.abs(lower.t3 - upper.t0)
}

function intersection(held: readonly Bounds[], pageMs: number): ClockReading {
  const lowMs = Math.max(...held.map((one) => one.lowMs - MAX_DRIFT * Math.abs(pageMs - one.t3)))
  const highMs = Math.min(...held.map((one) => one.highMs + MAX_DRIFT * Math.abs(pageMs - one.t0)))
  // Stamps near 1.7e12 ms are rounded to 0.2 µs, so two intervals that only touch may seem to be apart.
  return { offsetMs: (lowMs + highMs) / 2, boundMs: Math.max(0, (highMs - lowMs) / 2) }
}
