/**
 * A chunk is encoded once and sent to many responses that do not end. `ServerResponse.write` would add the framing of
 * the chunk again for each client (RFC 9112, section 7.1), and pass it to the kernel in three pieces. To write one
 * piece directly to the socket costs about a third less: `npm run bench:fanout`.
 */
import type { ServerResponse } from 'node:http'
import { once } from './encoding.ts'

export interface Chunk {
  readonly body: Buffer
  /** The body as a chunk of the chunked encoding: with its length before it and a line break after it. */
  readonly framed: Buffer
}

/** Returns a function that encodes each batch once, for all clients of a transport. */
export const chunkOnce = <T extends object>(make: (from: T) => string): ((from: T) => Chunk) =>
  once((from: T) => {
    const body = Buffer.from(make(from))
    return { body, framed: Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, LINE_BREAK]) }
  })

const LINE_BREAK = Buffer.from('\r\n')

/**
 * Sends a chunk after all earlier writes to the response. Returns a promise if the client is too slow. The promise
 * resolves when the client can take more. If the client leaves before that, it may never resolve.
 */
export function writeChunk(response: ServerResponse, { body, framed }: Chunk): Promise<void> | void {
  const { socket } = response
  // If the response still holds earlier bytes, write through the response to keep the order. It holds the writes of
  // this tick, and all its bytes while an earlier response of this connection is being sent.
  const writer = !socket || response.writableCorked > 0 ? response : socket
  // HTTP/1.0 has no chunked encoding.
  const hasSpace = writer.write(writer === socket && response.chunkedEncoding ? framed : body)
  if (!hasSpace) return new Promise((resolve) => writer.once('drain', resolve))
}
