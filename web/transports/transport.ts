/**
 * The one interface behind which the browser sides of the transports stand.
 *
 * A transport starts at a cursor and brings every event behind it, once and in order, however
 * often the line is cut: it reconnects on its own (exponential backoff with jitter) and resumes
 * from the last event that it delivered. It runs in a browser and in Node alike.
 */
import type { Cursor, Event } from '../../server/protocol.ts'

/** All times are of this page's clock (web/now.ts), in ms. */
export type State =
  /** A stream's request is on its way. */
  | { readonly is: 'connecting'; readonly atMs: number }
  /** A poll is on its way, or held by the server. */
  | { readonly is: 'asking'; readonly atMs: number }
  /** Short polling's pause between an answer and the next request. */
  | { readonly is: 'pausing'; readonly atMs: number; readonly untilMs: number }
  /** A stream is open: the server may speak at any moment. */
  | { readonly is: 'open'; readonly atMs: number }
  | {
      readonly is: 'reconnecting'
      readonly atMs: number
      readonly untilMs: number
      /** What went wrong, as a sentence without its full stop. */
      readonly trouble: string
      /** The HTTP status, where the server answered with one. */
      readonly status?: number
    }

export interface Listener {
  /**
   * One answer's, event's or frame's worth of events, in order, none seen before.
   * `receivedAtMs` is the time of the handler's first line, before anything was parsed.
   */
  events(events: readonly Event[], receivedAtMs: number): void
  /** The server no longer keeps what lies between this client's position and `cursor`. */
  gap(cursor: Cursor, receivedAtMs: number): void
  state(state: State): void
}

export interface Target {
  /** Scheme, host and port: `http://localhost:3000`. */
  readonly origin: string
  readonly room: string
  /** The lane that the bytes belong to. Default: none, and nobody can tell them from others'. */
  readonly lane?: string | undefined
  /** Where to start. `"0"` is the earliest event kept. */
  readonly after: Cursor
  /** Short polling: the pause between an answer and the next request. */
  readonly intervalMs: number
  /** Long polling: how long the server may hold a request, in seconds. */
  readonly waitS: number
}

export interface Connection {
  /**
   * Publishes over this transport: a frame for WebSocket, a POST for the others. Resolves when
   * the server has accepted it, with its id. A repeated `key` publishes once.
   */
  publish(user: string, text: string, key: string): Promise<Cursor>
  /** Ends it completely: afterwards no timer, socket or listener is left, and nothing is called. */
  stop(): void
}

export interface Transport {
  connect(target: Target, listener: Listener): Connection
}
