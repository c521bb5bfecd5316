/**
 * The cost of polling, as two lines of arithmetic: how old a message is when a polling client gets it,
 * and how many requests the clients send.
 */

/**
 * The mean age of a message when it reaches the client, in ms. The age begins when the server has the message.
 *
 * `intervalMs` is the time from one request to the next. `roundTripMs` is the time of a request to the server
 * plus the time of its response back; each takes half of it. Messages come at random moments.
 */
export function meanAgeMs(intervalMs: number, roundTripMs: number): number {
  const [youngestMs, oldestMs] = [roundTripMs / 2, intervalMs + roundTripMs / 2]
  return (youngestMs + oldestMs) / 2
}

/** The number of requests that the server gets in a minute, if each of the clients asks once every `intervalMs`. */
export function requestsPerMinute(clients: number, intervalMs: number): number {
  const perClient = 60_000 / intervalMs
  return clients * perClient
}
