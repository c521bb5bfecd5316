import type { Condition } from './condition.ts'

/**
 * Delays each packet by up to `jitterMs`. All delays in this range are equally likely.
 *
 * Models queues of other traffic on the way, which only add time. On a TCP connection no packet can overtake another,
 * so packets that are close together all get the longest delay among them. Does not model queues that stay long for
 * seconds (bufferbloat).
 */
export const jitter =
  (jitterMs: number, random: () => number = Math.random): Condition =>
  (_bytes, readyMs) =>
    readyMs + random() * jitterMs
