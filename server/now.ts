import type { ServerTimeMs } from './protocol/feed.ts'

let differenceMs = 0

/**
 * Returns the server's time in ms since 1970, rounded to microseconds. Unlike `Date.now`, the server's time never
 * jumps. If the computer sleeps, the server's time falls behind the wall clock by the duration of the sleep. Compare a
 * server time only with other server times of this process, or of another process on the same Redis. Times that outlive
 * the process (the end of a session, the age of a stored event) use `Date.now`.
 */
export const now = (): ServerTimeMs =>
  Math.round((performance.timeOrigin + performance.now() + differenceMs) * 1000) / 1000

/** Adds a time in ms to the server's time. Call this function only before the server listens. */
export function shiftClock(ms: number): void {
  differenceMs += ms
}
