/**
 * Chunk: bytes that are encoded once and sent to many responses that do not end. `ServerResponse.write` frames each
 * chunk anew for each client (RFC 9112, section 7.1) and passes it to the kernel in three pieces.
 * Written to the socket in one piece, a delivery costs about a third less: `npm run bench:fanout`.
 */
import type { ServerResponse } from 'node:http'
import { once } from './encoding.ts'

export interface Chunk {
  readonly body: Buffer
  /** The body with its length in front and a line break after it, for chunked encoding. */
  readonly framed: Buffer
}

/** Encodes each batch once for all clients of a transport. */
export const chunkOnce = <T extends object>(make: (from: T) => string): ((from: T) => Chunk) =>
  once((from: T) => {
    const body = Buffer.from(make(from))
    return { body, framed: Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, LINE_BREAK]) }
  })

const LINE_BREAK = Buffer.from('\r\n')

/**
 * Sends a chunk after everything that was written to the response before. Returns a promise if the client is behind;
 * it resolves when the client can take more, and never if the client leaves first.
 */
export function writeChunk(response: ServerResponse, { body, framed }: Chunk): Promise<void> | void {
  const { socket } = response
  // The response still keeps bytes back: its own writes of this tick, or all bytes while an earlier response of this
  // connection is being sent.
  const writer = !socket || response.writableCorked > 0 ? response : socket
  // HTTP/1.0 has no chunked encoding.
  const hasSpace = writer.write(writer === socket && response.chunkedEncoding ? framed : body)
  if (!hasSpace) return new Promise((resolve) => writer.once('drain', resolve))
}
