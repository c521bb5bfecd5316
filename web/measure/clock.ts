/**
 * The server's clock, as seen from this page.
 *
 * One sample cannot tell how its round trip splits into the way up and the way down, but it bounds
 * the offset with certainty: the server's first stamp was made after t0 and its second before t3.
 * All samples held are right at once, so their intersection is too. Hence the bound here contains the
 * truth for as long as the clocks drift by no more than MAX_DRIFT, whichever way the delays lean;
 * taking the offset of the sample with the least delay would be as plausible, and prove nothing.
 */

/** NTP's four stamps (RFC 5905 §8): t0 and t3 on the page's clock, t1 and t2 on the server's; ms. */
export interface ClockSample {
  readonly t0: number
  readonly t1: number
  readonly t2: number
  readonly t3: number
}

/** serverTime = pageTime + offsetMs, true within ±boundMs. */
export interface ClockReading {
  readonly offsetMs: number
  readonly boundMs: number
}

export interface Clock {
  /**
   * Takes a sample in. One that cannot be (a stamp that is no number, t3 before t0) is ignored. One
   * that contradicts an older sample tells that a clock stepped or slept: it alone is held then.
   */
  add(sample: ClockSample): void
  /**
   * What the offset was or is at that page time; null before the first sample. Times before a step
   * of either clock are answered as if the step had come before them.
   */
  at(pageMs: number): ClockReading | null
  /** The smallest round trip among the samples held, without the server's own time; null before the first. */
  readonly roundTripMs: number | null
  clear(): void
}

/** Two crystals of ±50 ppm each, drifting apart. A clock that NTP slews faster ends in a contradiction, and recovers. */
const MAX_DRIFT = 100e-6

/** By then a sample's interval has widened by 18 ms each way, so that it tells nothing any more. */
const MAX_AGE_MS = 180_000

/** Five minutes of one sample every 10 s; it only bounds the memory and the work of a page that asks faster. */
const MAX_HELD = 32

/** Chromium's timer where the page is not cross-origin isolated, against timing attacks. */
const RESOLUTION_MS = 0.1

/**
 * `resolutionMs` is how far this page's clock may read from its true time: 0.1 in Chromium (the
 * default), 0.005 there on a cross-origin isolated page, 1 in Firefox and Safari. Too small a value
 * makes the bound a lie and good samples contradict each other.
 */
export function createClock(resolutionMs: number = RESOLUTION_MS): Clock {
  let held: readonly Bounds[] = []

  return {
    add(sample) {
      if (!isPossible(sample)) return
      const newest = boundsOf(sample, resolutionMs)
      // Where the step lies among the older ones cannot be known, so none of them is trusted.
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

/** What one sample says about the offset: at least `lowMs` at t3, at most `highMs` at t0. */
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
  // Coarse timers let the server's own time look longer than the whole round trip.
  const roundTripMs = Math.max(0, t3 - t0 - (t2 - t1))
  // Once for the sample's stamp, and once for the stamp that the offset will be added to.
  const slackMs = roundTripMs / 2 + 2 * resolutionMs
  return { t0, t3, lowMs: offsetMs - slackMs, highMs: offsetMs + slackMs, roundTripMs }
}

function contradict(one: Bounds, other: Bounds): boolean {
  return excludes(one, other) || excludes(other, one)
}

/** Could no clock within MAX_DRIFT go from below the one's upper bound to above the other's lower bound? */
function excludes(upper: Bounds, lower: Bounds): boolean {
  return lower.lowMs - upper.highMs > MAX_DRIFT * Math.abs(lower.t3 - upper.t0)
}

function intersection(held: readonly Bounds[], pageMs: number): ClockReading {
  const lowMs = Math.max(...held.map((one) => one.lowMs - MAX_DRIFT * Math.abs(pageMs - one.t3)))
  const highMs = Math.min(...held.map((one) => one.highMs + MAX_DRIFT * Math.abs(pageMs - one.t0)))
  // Stamps of 1.7e12 ms are rounded to 0.2 µs, which may turn a touching pair into a crossed one.
  return { offsetMs: (lowMs + highMs) / 2, boundMs: Math.max(0, (highMs - lowMs) / 2) }
}
