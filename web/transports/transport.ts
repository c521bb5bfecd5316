/**
 * The browser side of a transport. `ClientTransport` delivers events, and `Description` describes the transport for the
 * page.
 */
import type { Cursor, Event, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import type { Model } from '../measure/model.ts'

/**
 * The part of a transport that delivers events. A transport starts at a cursor and delivers every later event once and
 * in order. After each cut the transport reconnects by itself (exponential backoff with jitter), and continues after
 * the last event that it delivered. A transport runs in a browser and in Node.
 */
export interface ClientTransport {
  connect(target: Target, listener: Listener): Connection
}

/**
 * Facts about a transport. The lanes with their order and colours, the model, the ladder, the inspector, the exports
 * and the fallback use these facts. No other file names a single transport.
 */
export interface Description {
  readonly name: TransportName
  /** Last segment of the transport's address `/feed/ROOM/PATH`. */
  readonly path: string
  /**
   * Kind of the transport. `poll`: each response ends. `stream`: the one response does not end. `socket`: one
   * connection carries both directions.
   */
  readonly kind: 'poll' | 'stream' | 'socket'
  /** True if the server can send at any moment while a request is open. */
  readonly canPush: boolean
  /** True if a buffering proxy holds back this transport's messages. */
  readonly isHeldByProxy: boolean
  /** Rank of the transport for the fallback, 1 for the best; null if a page never falls back to this transport. */
  readonly fallbackRank: number | null
  /** Rank of the transport by how simple it is to build and to run, 1 for the simplest. */
  readonly simplicityRank: number
  /** Memory of Fourwire's server for a client that is connected and receives nothing, as test/README.md has it. */
  readonly memoryKiB: number
  readonly effort: Effort
  /** True if the transport's lane is on the page from the start; false if a person has to add the lane. */
  readonly isUsual: boolean
  readonly label: string
  /** Words that say how the client asks. In the sentence, the setting follows these words. */
  readonly verb: string
  /** Name of the unit that carries messages, such as a poll, an event or a frame. */
  readonly carrier: string
  readonly shape: Shape
  /** Colours as CSS: `light` for light paper, and `dark` for dark paper. */
  readonly colour: { readonly light: string; readonly dark: string }
  readonly model: Model
  readonly setting?: Setting
}

/** What a team builds and operates for a transport, as short phrases. */
export interface Effort {
  readonly proxies: string
  readonly authentication: string
  readonly reconnect: string
  /** How a client gets the messages that it missed. */
  readonly replay: string
}

export interface DescribedTransport extends ClientTransport, Description {}

/**
 * Shape of a lane: a list of corners around the centre, in units of about half the height, or a circle. All shapes have
 * the same area.
 */
export type Shape = 'circle' | readonly (readonly [x: number, y: number])[]

/** A number of the transport that readers can change. */
export interface Setting {
  /** Member of `Target` that the setting changes. */
  readonly name: SettingName
  /** Name of the setting in the page's address. The value there is in seconds. */
  readonly query: string
  readonly label: string
  /** Verb of the sentence. In the sentence, the setting's value follows the verb. */
  readonly verb: string
  readonly choices: readonly number[]
  readonly usual: number
  /** How many units of the setting are one second, for example 1000 for milliseconds. */
  readonly perSecond: number
}

export type SettingName = 'intervalMs' | 'waitS'

/** State of a connection. All times are on this page's clock (web/now.ts), in ms. */
export type State =
  /** The client has sent a stream's request, and the stream is not open yet. */
  | { readonly is: 'connecting'; readonly atMs: number }
  /** The client has sent a poll, which is travelling, or which the server is holding. */
  | { readonly is: 'asking'; readonly atMs: number }
  /** Short polling: the client pauses between a response and the next request. */
  | { readonly is: 'pausing'; readonly atMs: number; readonly untilMs: number }
  /**
   * A stream is open, so the server can send at any moment. `trouble`: the server has said that no events arrive at
   * present, and why; undefined if they arrive.
   */
  | { readonly is: 'open'; readonly atMs: number; readonly trouble?: string }
  | {
      readonly is: 'reconnecting'
      readonly atMs: number
      readonly untilMs: number
      /** Reason why the client reconnects, as a sentence without a full stop. */
      readonly trouble: string
      /** HTTP status of the server's response; undefined if there was none. */
      readonly status?: number
    }

export interface Listener {
  /**
   * The transport calls this with the events of one response, event or frame, in order and without duplicates.
   * `receivedAtMs` is the time at the first line of the transport's handler, before parsing.
   */
  events(events: readonly Event[], receivedAtMs: number): void
  /**
   * The transport calls this with a gap: the server no longer keeps the events between this client's position and
   * `cursor`.
   */
  gap(cursor: Cursor, receivedAtMs: number): void
  state(state: State): void
  /** The transport calls this with the people in the room, if `Target` names a person. */
  presence?(presence: RoomPresence): void
}

export interface Target {
  /** Scheme, host and port, such as `http://localhost:3000`. */
  readonly origin: string
  readonly room: string
  /**
   * Name of the lane for which the server's meter counts the bytes. Default: no lane, so the meter cannot attribute the
   * bytes.
   */
  readonly lane?: string | undefined
  /**
   * The person who reads. The server counts this person as present, and reports the other people. Default: the server
   * counts nobody and reports nobody.
   */
  readonly person?: Person | undefined
  /** Cursor at which the transport starts. `"0"` is before the earliest event that the server keeps. */
  readonly after: Cursor
  /** Short polling: how long the client pauses between a response and the next request. */
  readonly intervalMs: number
  /** Long polling: for how many seconds the server may hold a request. */
  readonly waitS: number
}

export interface Connection {
  /**
   * Publishes a message: WebSocket sends a frame, and the other transports send a POST. Resolves to the event's id when
   * the server has accepted the message. For a repeated `key`, the server publishes only once.
   */
  publish(user: string, text: string, key: string): Promise<Cursor>
  /**
   * Reports that the person types, or has stopped. The server removes the report after a few seconds. If the report
   * fails, it is dropped.
   */
  typing(on?: boolean): void
  /**
   * Ends the connection completely. No timer, socket or listener is left, and the listener is not called again. The
   * server counts the person as present for a while longer, because the client may connect again.
   */
  stop(): void
  /**
   * Ends the connection as `stop` does, and asks the server to remove the person's client at once. A page that is
   * closing may still call this.
   */
  leave(): void
}
