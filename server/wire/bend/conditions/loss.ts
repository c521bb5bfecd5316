import type { Condition } from './condition.ts'

/** Shortest time for which Linux waits for an acknowledgement before it sends a packet again. */
const LEAST_TIMEOUT_MS = 200

/**
 * Number of tries after which Linux gives up. At the highest allowed loss rate, so many losses in a row practically
 * never happen.
 */
const MAX_TRIES = 15

/**
 * Loses a share of the packets; TCP sends each lost packet again. A packet that is lost once arrives one retransmission
 * timeout later (200 ms plus a round trip). TCP doubles the timeout after each loss, so a packet that is lost twice
 * arrives three timeouts later (RFC 6298, section 5.5). Later packets wait for the lost packet, because no packet can
 * overtake another (head-of-line blocking).
 *
 * Models how an application sees losses on a connection with little traffic. Does not model fast retransmit: if much
 * traffic follows a loss, fast retransmit repairs most losses within a round trip. Does not model that TCP sends more
 * slowly after a loss, or that acknowledgements are lost.
 */
export function loss(rate: number, roundTripMs: number, random: () => number = Math.random): Condition {
  const timeoutMs = LEAST_TIMEOUT_MS + roundTripMs
  return (_bytes, readyMs) => {
    let losses = 0
    while (losses < MAX_TRIES && random() < rate) losses += 1
    return readyMs + timeoutMs * (2 ** losses - 1)
  }
}
