import type { Condition } from './condition.ts'

/**
 * Nothing comes up before a round trip is over since the connection was accepted: the kernel's own
 * handshake has taken no time, and this is the time that it would have taken.
 *
 * Does not model the name's look-up, nor TLS, which takes one or two round trips more.
 */
export const setUp =
  (acceptedMs: number, roundTripMs: number): Condition =>
  (_bytes, readyMs) =>
    Math.max(readyMs, acceptedMs + roundTripMs)
