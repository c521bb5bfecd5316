/**
 * The one interface behind which the browser sides of the transports stand.
 *
 * A transport starts at a cursor and brings every event behind it, once and in order, however
 * often the line is cut: it reconnects on its own (exponential backoff with jitter) and resumes
 * from the last event that it delivered. It runs in a browser and in Node alike.
 */
import type { Cursor, Event, Person, RoomPresence } from '../../server/protocol.ts'

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
  /** Who is in the room, as it is now; only where the target names a person. */
  presence?(presence: RoomPresence): void
}

export interface Target {
  /** Scheme, host and port: `http://localhost:3000`. */
  readonly origin: string
  readonly room: string
  /** The lane that the bytes belong to. Default: none, and nobody can tell them from others'. */
  readonly lane?: string | undefined
  /** Who reads, to be counted as here and to be told who else is. Default: nobody, and nothing is told. */
  readonly person?: Person | undefined
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
  /** The person types, or does so no more. Ends by itself after a few seconds; lost without a word where nobody answers. */
  typing(on?: boolean): void
  /**
   * Ends it completely: afterwards no timer, socket or listener is left, and nothing is called. The
   * person counts as here for a while longer: another connection may follow.
   */
  stop(): void
  /** The same, and the person's client is gone at once. A page that is being closed may still call it. */
  leave(): void
}

export interface Transport {
  connect(target: Target, listener: Listener): Connection
}
