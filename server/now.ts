import type { ServerTimeMs } from './protocol.ts'

/** The server's one clock: ms since 1970 to the microsecond. It never steps, unlike `Date.now`. */
export const now = (): ServerTimeMs => Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000
