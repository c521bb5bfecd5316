import type { Condition } from './condition.ts'

/**
 * Delays each packet by up to `jitterMs`. All delays in this range are equally likely.
 *
 * Models routers in which packets wait behind other traffic; waiting only adds time. On a TCP connection no packet can
 * overtake another, so a packet also waits for the delayed packets before it. Does not model a queue that stays long
 * for seconds (bufferbloat).
 */
export const jitter =
  (jitterMs: number, random: () => number = Math.random): Condition =>
  (_bytes, readyMs) =>
    readyMs + random() * jitterMs
