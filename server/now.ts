import type { ServerTimeMs } from './protocol/feed.ts'

/**
 * Returns the server's time: ms since 1970, to the microsecond. Unlike `Date.now`, it never jumps. If the computer
 * sleeps, it falls behind the wall clock by the duration of the sleep. Compare it only with other values of this
 * process. Times that outlive the process (the end of a session, the age of a stored event) use `Date.now`.
 */
export const now = (): ServerTimeMs => Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000
