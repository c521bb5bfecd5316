import type { Condition } from './condition.ts'

/** The least time that Linux waits for an acknowledgement before it sends again. */
const LEAST_TIMEOUT_MS = 200

/** Linux gives up after 15 tries; at the highest rate allowed nobody sees that. */
const MAX_TRIES = 15

/**
 * A share of the packets is lost, and TCP sends them again: each takes one retransmission timeout
 * longer (200 ms and a round trip), three times that when it is lost again, and so on (RFC 6298,
 * section 5.5). What is behind it waits with it, as nothing overtakes (head-of-line blocking).
 *
 * Models what an application sees of losses on a line with little traffic. Does not model fast
 * retransmit, which mends most losses within a round trip where there is much traffic behind, nor
 * the slower sending after a loss, nor lost acknowledgements.
 */
export function loss(rate: number, roundTripMs: number, random: () => number = Math.random): Condition {
  const timeoutMs = LEAST_TIMEOUT_MS + roundTripMs
  return (_bytes, readyMs) => {
    let losses = 0
    while (losses < MAX_TRIES && random() < rate) losses += 1
    return readyMs + timeoutMs * (2 ** losses - 1)
  }
}
