/**
 * A response that never ends by itself. As soon as its head is written, its connection leaves Node's HTTP server, so
 * that an idle client takes little memory: `npm run bench:idle`.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { takeConnection } from '../http/take-connection.ts'
import { LAST_CHUNK, toChunk, writeChunk } from './chunk.ts'
import type { Chunk } from './chunk.ts'

/** A class instead of closures, because a server has thousands of idle streams, and each takes this memory. */
export class EndlessResponse {
  /** Null after the connection has left Node's HTTP server. */
  #response: ServerResponse | null
  #socket: Socket | null = null
  #isChunked = true
  #isEnded = false

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Calls `listener` when the connection has closed. */
  onClose(listener: () => void): void {
    const source = this.#response ?? this.#socket
    source?.on('close', listener)
  }

  /** Writes the head, with the fields that the reply has so far, and the first part of the body. */
  begin(reply: Pick<FastifyReply, 'getHeaders'>, headers: OutgoingHttpHeaders, text: string): void {
    const response = this.#response
    if (!response) return
    for (const [name, value] of Object.entries(reply.getHeaders())) response.setHeader(name, value ?? '')
    response.writeHead(200, headers)
    response.write(text)
    this.#isChunked = response.chunkedEncoding
    this.#socket = takeConnection(response)
    if (this.#socket) this.#response = null
  }

  /**
   * Sends a chunk after all earlier bytes. Returns a promise if the client is too slow. The promise resolves when the
   * client can take more bytes. If the client leaves earlier, the promise may never resolve.
   */
  write(chunk: Chunk): Promise<void> | void {
    if (this.#response) return writeChunk(this.#response, chunk)
    const socket = this.#socket
    // If the client has ended its half of the connection, the other half has ended too.
    if (!socket?.writable) return
    if (!socket.write(this.#isChunked ? chunk.framed : chunk.body))
      return new Promise((resolve) => socket.once('drain', resolve))
  }

  /** Sends the last part of the body, and closes the connection. Only the first call has an effect. */
  end(text = ''): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const response = this.#response
    if (response) return void response.end(text, () => response.socket?.destroySoon())
    if (!this.#socket?.writable) return
    const { body, framed } = toChunk(text)
    this.#socket.cork()
    // An empty chunk would be the end of the body.
    if (body.length > 0) this.#socket.write(this.#isChunked ? framed : body)
    if (this.#isChunked) this.#socket.write(LAST_CHUNK)
    this.#socket.uncork()
    this.#socket.destroySoon()
  }

  destroy(): void {
    const source = this.#response ?? this.#socket
    source?.destroy()
  }
}
