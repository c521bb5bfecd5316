/**
 * Compares the clock of this process with the clock of Redis, which all processes share. A page shows how long an event
 * was on its way, also if the machine on which the event was published has another clock than the machine of the page.
 */

/** Number of comparisons. The quickest one counts, because its error is the smallest. */
const TRIES = 8

/**
 * Returns the time in ms to add to this clock, so that it is the clock of Redis. Returns 0 if the difference is not
 * larger than the possible error, which is half of the round trip. `ask` returns the time of Redis, in ms since 1970.
 */
export async function clockDifference(ask: () => Promise<number>, now: () => number): Promise<number> {
  let best = { roundTripMs: Infinity, differenceMs: 0 }
  for (let i = 0; i < TRIES; i++) {
    const sentAt = now()
    const time = await ask()
    const roundTripMs = now() - sentAt
    if (roundTripMs < best.roundTripMs) best = { roundTripMs, differenceMs: time - (sentAt + roundTripMs / 2) }
  }
  return Math.abs(best.differenceMs) > best.roundTripMs / 2 ? best.differenceMs : 0
}
