/**
 * Prices of all requests and frames. The unit is the cost of a short request, which takes 0.1 to 0.2 ms of processor
 * time. A route names its price in its config. A route that names no price costs `PRICES.request`, so a new route is
 * never free.
 */

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Price of the route. Default: `PRICES.request`. The bytes of the response cost extra (`priceOfBytes`). */
    price?: number
  }
}

export const PRICES = {
  /** A request to a route that names no price. */
  request: 1,
  /** A file. The server reads the file from memory and compresses it only once. */
  file: 0.5,
  /** A WebSocket handshake and the server's work for the new WebSocket. */
  handshake: 3,
  /** A stream. The server reads the latest events of a room and then sends each new event. */
  stream: 2,
  /** A published message. The server commits the message and delivers it to other clients. */
  publish: 3,
  /** A check of a password or a token. The server computes two hashes. */
  secret: 5,
  /** A frame that a client sends over a WebSocket. The server parses every frame, even a wrong one. */
  frame: 0.25,
  message: 3,
  join: 3,
  leave: 1,
  typing: 1,
  /** A search for an exchange. Decoding the exchange costs extra, depending on its length (`priceOfInspection`). */
  inspect: 2,
  /** From here on: prices of requests that a client sends over the lab's WebSocket. */
  here: 2,
  instructor: 5,
  settings: 1,
  cut: 1,
  restart: 1,
  /** Anything said to the show, such as a report. The next two cost extra. */
  show: 0.5,
  /** A seat of the show. */
  sit: 5,
  /** The beginning of following the show. The server sends all scenes. */
  follow: 3,
} as const

const UNIT_BYTES = 8 * 1024

const INSPECTED_UNIT_CHARACTERS = 2 * 1024

/** Returns the price of decoding an exchange whose text has this many characters. */
export const priceOfInspection = (characters: number): number => characters / INSPECTED_UNIT_CHARACTERS

/** Returns the price of parsing, copying or sending this many bytes. */
export const priceOfBytes = (bytes: number): number => bytes / UNIT_BYTES
