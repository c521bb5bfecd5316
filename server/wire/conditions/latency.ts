import type { Condition } from './condition.ts'

/**
 * Each packet takes so long, in ms, one way.
 *
 * Models distance. Does not model routes that change, or a way up that is longer than the way down.
 */
export const latency =
  (latencyMs: number): Condition =>
  (_bytes, readyMs) =>
    readyMs + latencyMs
