import type { Condition } from './condition.ts'

/**
 * Delays the first packets from the client until one round trip after the connection was accepted. The kernel's real
 * TCP handshake took almost no time; over the modelled distance it would take one round trip.
 *
 * Does not model the DNS lookup, or TLS, which takes one or two more round trips.
 */
export const setUp =
  (acceptedMs: number, roundTripMs: number): Condition =>
  (_bytes, readyMs) =>
    Math.max(readyMs, acceptedMs + roundTripMs)
