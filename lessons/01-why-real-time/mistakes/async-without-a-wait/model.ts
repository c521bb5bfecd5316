/**
 * What asking costs, as two lines of arithmetic: how old a message is when a client that asks again
 * and again gets it, and how many requests that takes.
 */

/**
 * The mean age of a message when it reaches the client, in ms: from the moment in which the server has it.
 *
 * `intervalMs`: from one request to the next. `roundTripMs`: a request to the server and its answer
 * back, each half of it. Messages come at any moment, each as likely as the other.
 */
export async function meanAgeMs(intervalMs: number, roundTripMs: number): Promise<number> {
  // Somewhere in the interval, in its middle on average; then it travels with the answer, which is half of the round trip.
  return intervalMs / 2 + roundTripMs / 2
}

/** How many requests a minute the server gets from so many clients, each of which asks once every `intervalMs`. */
export async function requestsPerMinute(clients: number, intervalMs: number): Promise<number> {
  return (clients * 60_000) / intervalMs
}
