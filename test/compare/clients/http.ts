/** Interface of requests and responses over a connection that is kept open, whichever version of HTTP it has. */
import type { NetworkUsage } from '../adapter.ts'
import type { ResponseHead } from './response.ts'

export interface HttpReply extends ResponseHead {
  /** The body; empty if it was read in pieces. */
  readonly text: string
  /** Time at which the last bytes were read. */
  readonly atMs: number
}

/** Follows a request and its response. */
export interface Pieces {
  /** Called when the connection is up and has taken the request. */
  sent?(): void
  head?(head: ResponseHead): void
  /** Takes the body while it arrives, instead of `HttpReply.text`. */
  body?(bytes: Buffer, atMs: number): void
}

export interface HttpExchange {
  /**
   * Sends a request. Rejects if the connection is lost. If the server has closed an idle connection, the request opens
   * a new one. Only one request may be under way.
   */
  ask(
    method: string,
    url: URL,
    fields?: Readonly<Record<string, string>>,
    body?: string,
    pieces?: Pieces,
  ): Promise<HttpReply>
  readonly usage: NetworkUsage
  /** Stops reading responses, until `resume` is called. */
  pause(): void
  resume(): void
  /** Ends the connection. The promise of a request that is under way stays pending. */
  close(): void
}
