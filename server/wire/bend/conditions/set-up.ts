import type { Condition } from './condition.ts'

/**
 * Delays the client's first packets until one round trip after the server has accepted the connection. The real TCP
 * handshake took almost no time; over the modelled distance, the same handshake would take one round trip.
 *
 * Does not model the DNS lookup, or the one or two round trips of a TLS handshake.
 */
export const setUp =
  (acceptedMs: number, roundTripMs: number): Condition =>
  (_bytes, readyMs) =>
    Math.max(readyMs, acceptedMs + roundTripMs)
