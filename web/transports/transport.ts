/** The browser side of a transport has two interfaces: its delivery, and its description for the page. */
import type { Cursor, Event, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import type { Model } from '../measure/model.ts'

/**
 * Delivery of a transport. It starts at a cursor and delivers every later event once and in order. After each cut it
 * reconnects by itself (exponential backoff with jitter) and resumes after the last delivered event. It runs in a
 * browser and in Node.
 */
export interface ClientTransport {
  connect(target: Target, listener: Listener): Connection
}

/**
 * Facts about a transport. The lanes, their order and colours, the model, the ladder, the inspector, the exports and
 * the fallback use these facts. No other file mentions a transport by its name.
 */
export interface Description {
  readonly name: TransportName
  /** Last part of the transport's address, `/feed/ROOM/PATH`. */
  readonly path: string
  /**
   * Kind of the transport. `poll`: each response ends. `stream`: one response does not end. `socket`: a separate
   * connection for both directions.
   */
  readonly kind: 'poll' | 'stream' | 'socket'
  /** True if the server can send at any moment while a request is open. */
  readonly canPush: boolean
  /** True if a buffering proxy holds the messages back. */
  readonly isHeldByProxy: boolean
  /** Rank among the transports that a page falls back to, 1 for the best; null if a page never does. */
  readonly fallbackRank: number | null
  /** True if the lane is on the page from the start; otherwise a person has to add it. */
  readonly isUsual: boolean
  readonly label: string
  /** Words before the setting that say how the client asks. */
  readonly verb: string
  /** Name of the unit that brings messages, such as a poll, an event or a frame. */
  readonly carrier: string
  readonly shape: Shape
  /** CSS colours on light and on dark paper. */
  readonly colour: { readonly light: string; readonly dark: string }
  readonly model: Model
  readonly setting?: Setting
}

export interface DescribedTransport extends ClientTransport, Description {}

/**
 * Corners around the centre, in units of about half the height, or a circle of that radius. All shapes have the same
 * area.
 */
export type Shape = 'circle' | readonly (readonly [x: number, y: number])[]

/** A number that readers can change. */
export interface Setting {
  /** The member of `Target` that it changes. */
  readonly name: SettingName
  /** Name in the page's address, which contains the value in seconds. */
  readonly query: string
  readonly label: string
  /** Verb before the value. */
  readonly verb: string
  readonly choices: readonly number[]
  readonly usual: number
  /** Number of units in a second: 1000 for milliseconds. */
  readonly perSecond: number
}

export type SettingName = 'intervalMs' | 'waitS'

/** State of a connection. All times are on this page's clock (web/now.ts), in ms. */
export type State =
  /** The request of a stream is under way. */
  | { readonly is: 'connecting'; readonly atMs: number }
  /** A poll is under way, or the server is holding it. */
  | { readonly is: 'asking'; readonly atMs: number }
  /** Short polling pauses between a response and the next request. */
  | { readonly is: 'pausing'; readonly atMs: number; readonly untilMs: number }
  /** A stream is open, so the server can send at any moment. */
  | { readonly is: 'open'; readonly atMs: number }
  | {
      readonly is: 'reconnecting'
      readonly atMs: number
      readonly untilMs: number
      /** Reason of the reconnection, as a sentence without its full stop. */
      readonly trouble: string
      /** HTTP status of the server's response, if there was one. */
      readonly status?: number
    }

export interface Listener {
  /**
   * Called with the events of one response, event or frame, in order and without duplicates. `receivedAtMs` is the
   * time of the handler's first line, before parsing.
   */
  events(events: readonly Event[], receivedAtMs: number): void
  /** Called with a gap: the server no longer keeps the events between this client's position and `cursor`. */
  gap(cursor: Cursor, receivedAtMs: number): void
  state(state: State): void
  /** Called with the people in the room, if the target names a person. */
  presence?(presence: RoomPresence): void
}

export interface Target {
  /** Scheme, host and port: `http://localhost:3000`. */
  readonly origin: string
  readonly room: string
  /** Name of the lane to which the bytes belong. Default: none, and the meter cannot attribute the bytes. */
  readonly lane?: string | undefined
  /**
   * The person who reads. The server counts the person as present, and reports the others. Default: nobody, and no
   * reports.
   */
  readonly person?: Person | undefined
  /** Cursor to start from. `"0"` is before the earliest event that is kept. */
  readonly after: Cursor
  /** Short polling: the pause between a response and the next request. */
  readonly intervalMs: number
  /** Long polling: the longest time for which the server holds a request, in seconds. */
  readonly waitS: number
}

export interface Connection {
  /**
   * Publishes over this transport: by a frame for WebSocket, by POST for the others. Resolves to the id when the
   * server has accepted the message. A repeated `key` publishes once.
   */
  publish(user: string, text: string, key: string): Promise<Cursor>
  /**
   * Reports that the person is typing, or has stopped. The mark ends by itself after a few seconds. A failed report
   * is dropped.
   */
  typing(on?: boolean): void
  /**
   * Ends the connection completely: no timer, socket or listener is left, and no callback is called. The person
   * counts as present for a while longer, because another connection may follow.
   */
  stop(): void
  /** Ends the connection like `stop`, and removes the person's client at once. A closing page may still call it. */
  leave(): void
}
