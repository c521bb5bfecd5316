/** Interface of an adapter: how to connect to a server, how to publish, and how to recognise a published message. */
import type { Expectation, ModelInputs } from '../../web/measure/model.ts'

export interface Adapter {
  readonly name: string
  /** Names of the transports that `connect` knows. The first ones of a comparison are `usual`, or else all. */
  readonly transports: readonly string[]
  readonly usual?: readonly string[]
  /**
   * Opens one client. It may throw: then nothing is measured, and the message of the error is printed. With a `cursor`,
   * which an earlier connection has returned, the client gets the messages after it.
   */
  connect(target: ComparedServer, client: ClientListener, cursor?: string): ComparedConnection
  /**
   * Publishes one message, and resolves when the server has accepted it. If it is left out, the tool opens one more
   * client and publishes by the `send` of its connection.
   */
  publish?(target: ComparedServer, text: string): Promise<Accepted | void>
  /**
   * Returns the id of the message in a text that a client has received, and null if the text contains no message.
   * `markIn` does this for every server that delivers the published text.
   */
  match(text: string): string | null
  /** Model of a transport, if there is one: what theory expects for these conditions. */
  expect?(transport: string, conditions: ModelInputs): Expectation
}

export interface ComparedServer {
  readonly transport: string
  /** The value of --url, or the address of the Fourwire that the tool has started. */
  readonly url: URL
  /** The value of --publish, or else `url`. */
  readonly publishUrl: URL
  /** Random name of this measurement, for example for a room: small letters and digits. */
  readonly run: string
  /** Short polling: the pause between a response and the next request. */
  readonly intervalMs: number
  /** Long polling: the time for which the server may hold a request, in seconds. */
  readonly waitS: number
  /** Header fields of --header, for each request. They may contain secrets, so no output may show them. */
  readonly headers?: Readonly<Record<string, string>>
  /** True if a certificate is accepted that cannot be verified. */
  readonly isInsecure?: boolean
  /** True if requests use HTTP/2. A WebSocket begins with HTTP/1.1 nevertheless. */
  readonly isHttp2?: boolean
}

/** Callbacks for the events of one client. */
export interface ClientListener {
  /** Called when the client can receive messages. */
  live(): void
  /**
   * Called with the text of one message. `atMs` is the time of the arrival by `now.ts`; the default is the time of
   * the call. Messages that arrive together have the same time.
   */
  received(text: string, atMs?: number): void
  /** Called if the connection cannot be made, or if it is lost. `why` is a sentence without its full stop. */
  failed(why: string): void
}

export interface ComparedConnection {
  /** Ends the connection. After this call the connection calls no callback. */
  close(): void
  /** Publishes a text over this connection. */
  send?(text: string): void
  /** Use of the network since the connection was opened. If it is left out, the report has no bytes. */
  usage?(): NetworkUsage
  /** Returns the cursor of the last message that has arrived; null if the server sends none. */
  cursor?(): string | null
  /** Stops reading from the socket, until `resume` is called. */
  pause?(): void
  resume?(): void
}

/** Bytes of TCP payload (with TLS: of the encrypted records), and the number of HTTP requests. */
export interface NetworkUsage {
  readonly bytesUp: number
  readonly bytesDown: number
  readonly requests: number
}

export interface Accepted {
  /** Id that `match` will return. Default: the mark in the published text. */
  readonly id?: string
  /** Time of the acceptance by the server's own clock, in ms. */
  readonly atMs?: number
}

/** Identifies a message inside its own text. */
export const markOf = (run: string, message: number): string => `~${run}.${message}~`

/** Finds the mark in a text. */
export const markIn = (text: string): string | null => /~[a-z0-9]+\.\d+~/.exec(text)?.[0] ?? null
