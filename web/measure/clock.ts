/**
 * Estimates the server's clock from this page.
 *
 * One sample does not show how its round trip is divided between the two directions. But a sample certainly limits the
 * offset: the server made its first stamp after t0 and its second stamp before t3. So each sample gives an interval
 * that contains the true offset, and the true offset lies in the intersection of all intervals. This bound is correct
 * for any delays, if the clocks drift by at most MAX_DRIFT. The sample with the smallest delay would also give a
 * plausible offset, but would prove nothing.
 */

/**
 * The four stamps of NTP (RFC 5905 §8), in milliseconds. The page's clock made t0 and t3, and the server's clock made
 * t1 and t2.
 */
export interface ClockSample {
  readonly t0: number
  readonly t1: number
  readonly t2: number
  readonly t3: number
}

/** Estimated offset of the server's clock: serverTime = pageTime + offsetMs. The offset's error is at most boundMs. */
export interface ClockReading {
  readonly offsetMs: number
  readonly boundMs: number
}

export interface Clock {
  /**
   * Adds a sample. Ignores an impossible sample, with a stamp that is not a number, or with t3 before t0. If a sample
   * contradicts an older sample, somebody set a clock or a clock stood still, so all older samples are dropped.
   */
  add(sample: ClockSample): void
  /**
   * Returns the offset at a page time, past or present; null before the first sample. After one of the clocks was set,
   * earlier times too get the offset that has been true since then.
   */
  at(pageMs: number): ClockReading | null
  /** Smallest round trip of the samples, without the time that the server took; null before the first sample. */
  readonly roundTripMs: number | null
  clear(): void
}

/**
 * Greatest drift between the two clocks, if each crystal is wrong by at most ±50 ppm. If NTP adjusts a clock faster
 * than this, the samples contradict each other, and the estimate starts again from the newest sample.
 */
const MAX_DRIFT = 100e-6

/**
 * Greatest age of a sample. At this age, the sample's interval has become wider by 18 ms at each end, so the sample is
 * no longer useful.
 */
const MAX_AGE_MS = 180_000

/**
 * Greatest number of samples that are kept: one minute of samples, at one sample every 2 s. This limit bounds the
 * memory and the work.
 */
const MAX_HELD = 32

/**
 * Resolution of Chromium's clock on a page that is not cross-origin isolated. Chromium makes the resolution coarse as a
 * protection against timing attacks.
 */
const RESOLUTION_MS = 0.1

/**
 * Creates an estimate of the server's clock. `resolutionMs` is the greatest error of a reading of this page's clock:
 * 0.1 in Chromium (the default), 0.005 in Chromium on a cross-origin isolated page, 1 in Firefox and Safari. If
 * `resolutionMs` is too small, the bound is wrong and correct samples contradict each other.
 */
export function createClock(resolutionMs: number = RESOLUTION_MS): Clock {
  let held: readonly Bounds[] = []

  return {
    add(sample) {
      if (!isPossible(sample)) return
      const newest = boundsOf(sample, resolutionMs)
      // The moment at which a clock was set is unknown, so all older samples are dropped.
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

/**
 * Limits of the offset that follow from one sample: at t3 the offset is at least `lowMs`, and at t0 it is at most
 * `highMs`.
 */
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
  // If the timer is coarse, the server can seem to have taken longer than the whole round trip.
  const roundTripMs = Math.max(0, t3 - t0 - (t2 - t1))
  // The resolution counts twice: once for the sample's stamp, and once for the page time to which a caller adds the
  // offset.
  const slackMs = roundTripMs / 2 + 2 * resolutionMs
  return { t0, t3, lowMs: offsetMs - slackMs, highMs: offsetMs + slackMs, roundTripMs }
}

function contradict(one: Bounds, other: Bounds): boolean {
  return excludes(one, other) || excludes(other, one)
}

/**
 * Reports whether the lower bound of the sample `lower` is above the upper bound of the sample `upper` by more than
 * MAX_DRIFT allows.
 */
function excludes(upper: Bounds, lower: Bounds): boolean {
  return lower.lowMs - upper.highMs > MAX_DRIFT * Math.abs(lower.t3 - upper.t0)
}

function intersection(held: readonly Bounds[], pageMs: number): ClockReading {
  const lowMs = Math.max(...held.map((one) => one.lowMs - MAX_DRIFT * Math.abs(pageMs - one.t3)))
  const highMs = Math.min(...held.map((one) => one.highMs + MAX_DRIFT * Math.abs(pageMs - one.t0)))
  // Stamps near 1.7e12 ms are rounded to 0.2 µs, so two intervals that only touch can seem to lie apart.
  return { offsetMs: (lowMs + highMs) / 2, boundMs: Math.max(0, (highMs - lowMs) / 2) }
}
