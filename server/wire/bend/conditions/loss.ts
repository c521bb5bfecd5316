import type { Condition } from './condition.ts'

/** Shortest time that Linux waits for an acknowledgement before it sends again. */
const LEAST_TIMEOUT_MS = 200

/** Number of tries after which Linux gives up. At the highest allowed loss rate this practically never happens. */
const MAX_TRIES = 15

/**
 * Loses a share of the packets, which TCP then sends again. A packet that is lost once arrives one retransmission
 * timeout later (200 ms plus a round trip). A packet that is lost twice arrives three timeouts later, and so on (RFC
 * 6298, section 5.5). The packets after it wait too, because no packet can overtake another (head-of-line blocking).
 *
 * Models the losses on a connection with little traffic, as an application sees them. Does not model fast retransmit,
 * which repairs most losses within a round trip if much traffic follows. Does not model the slower sending after a
 * loss, or lost acknowledgements.
 */
export function loss(rate: number, roundTripMs: number, random: () => number = Math.random): Condition {
  const timeoutMs = LEAST_TIMEOUT_MS + roundTripMs
  return (_bytes, readyMs) => {
    let losses = 0
    while (losses < MAX_TRIES && random() < rate) losses += 1
    return readyMs + timeoutMs * (2 ** losses - 1)
  }
}
