import type { Condition } from './condition.ts'

/**
 * Delays each packet by up to `jitterMs`. All delays in this range are equally likely.
 *
 * Models queues of other traffic on the way, which only add time. Packets cannot overtake on a TCP
 * connection, so packets that are close together share the longest delay among them. Does not model
 * queues that stay long for seconds (bufferbloat).
 */
export const jitter =
  (jitterMs: number, random: () => number = Math.random): Condition =>
  (_bytes, readyMs) =>
    readyMs + random() * jitterMs
