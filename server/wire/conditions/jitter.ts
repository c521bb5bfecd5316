import type { Condition } from './condition.ts'

/**
 * Each packet takes up to so much longer, in ms, every amount as likely as any other.
 *
 * Models queues of others on the way: they add and never take away. As nothing overtakes on a TCP
 * connection, packets close behind one another share the longest wait among them. Does not model
 * queues that stay long for seconds (bufferbloat).
 */
export const jitter =
  (jitterMs: number, random: () => number = Math.random): Condition =>
  (_bytes, readyMs) =>
    readyMs + random() * jitterMs
