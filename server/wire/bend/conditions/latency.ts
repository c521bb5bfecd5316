import type { Condition } from './condition.ts'

/**
 * Delays each packet by `latencyMs` in one direction.
 *
 * Models the distance between client and server. Does not model routes that change, or a different latency in each
 * direction.
 */
export const latency =
  (latencyMs: number): Condition =>
  (_bytes, readyMs) =>
    readyMs + latencyMs
