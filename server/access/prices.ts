/**
 * Prices of all requests and frames, in one place. The unit is the cost of a short request: 0.1 to 0.2 ms of the
 * server's processor. A route names its price in its config. A route without a price costs as much as a request, so a
 * new route is never free.
 */

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Price of the route. Default: the price of a request. The bytes of the response cost extra (`priceOfBytes`). */
    price?: number
  }
}

export const PRICES = {
  /** A request to a route that names no price. */
  request: 1,
  /** A file, which is read from memory and was compressed once. */
  file: 0.5,
  /** A WebSocket handshake and the setup after it. */
  handshake: 3,
  /** A stream, which reads the end of a room and follows it. */
  stream: 2,
  /** A publish: one commit, and the delivery to others. */
  publish: 3,
  /** A check of a password or token, which computes two hashes. */
  secret: 5,
  /** Any frame that a WebSocket receives: it is parsed, and answered at least by an error. */
  frame: 0.25,
  message: 3,
  join: 3,
  leave: 1,
  typing: 1,
  /** A search for an exchange. Decoding the exchange costs extra, by its length (`priceOfInspection`). */
  inspect: 2,
  /** Requests over the lab's WebSocket. */
  here: 2,
  instructor: 5,
  settings: 1,
  cut: 1,
  restart: 1,
} as const

const UNIT_BYTES = 8 * 1024

const INSPECTED_UNIT_CHARACTERS = 2 * 1024

/** Price of a decoded exchange, by the length of its text. */
export const priceOfInspection = (characters: number): number => characters / INSPECTED_UNIT_CHARACTERS

/** Price of bytes that are parsed, copied or sent. */
export const priceOfBytes = (bytes: number): number => bytes / UNIT_BYTES
