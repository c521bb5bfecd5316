/** Types of the feed: events, cursors, and the messages of each transport. */
import type { Change } from './board.ts'

/**
 * Names of the transports. The file `transports/index.ts` of the server and of the browser lists them in the order in
 * which they are shown.
 */
export type TransportName = 'short-poll' | 'long-poll' | 'sse' | 'ws' | 'stream'

/**
 * A position in a room's feed, just before the next event: `"<epoch>.<seq>"`, or `"0"` for the position before the
 * earliest event that is kept. It is ASCII text. A client sends it back unchanged and does not interpret it.
 */
export type Cursor = string

/** Milliseconds since 1970 on the server's clock, with microseconds as decimals. */
export type ServerTimeMs = number

/** Message of a person. */
export interface MessageDraft {
  readonly type: 'message'
  readonly user: string
  readonly text: string
}

/** Tick of the room's metronome. */
export interface TickDraft {
  readonly type: 'tick'
}

/** Change to a board, as its sender asked for it. */
export type BoardDraft = Change & {
  readonly user: string
  /** Idempotency key that the sender gave. With the key, the sender's page recognises its own change. */
  readonly key?: string
}

/**
 * Act of the instructor on a room. Readers receive it like any other event. A `removed` event replaces an event that
 * was deleted, so that the numbers have no holes. `message_removed` gives the id of a deleted event in `target`.
 * `room_cleared` means that all earlier messages were deleted, and `board_deleted` that the board was deleted.
 */
export type ModerationDraft =
  | { readonly type: 'removed' | 'room_cleared' | 'board_deleted' }
  | { readonly type: 'message_removed'; readonly target: Cursor }

/** Content of an event, which a client asks the feed to publish. `type` decides which fields it has. */
export type Draft = Exactly<MessageDraft | TickDraft | BoardDraft | ModerationDraft>

/** Declares the fields of all other kinds as absent, so that a program can read a field before it knows the kind. */
type Exactly<Kind> = Kind extends unknown ? Kind & { readonly [F in Exclude<Field, keyof Kind>]?: undefined } : never

type Field = 'user' | 'text' | 'task' | 'list' | 'target' | 'key'

/** Event of the feed: its content, and the fields that the feed adds. */
export type Event = Draft & {
  /** Cursor just after the event. */
  readonly id: Cursor
  readonly room: string
  /** Time at which the publish was accepted. It is set once, before the commit. */
  readonly at: ServerTimeMs
}

/** Response to a short poll or a long poll. */
export interface PollAnswer {
  readonly events: readonly Event[]
  /** Position just before the next event that this client does not have. */
  readonly cursor: Cursor
  /** True if events between the client's cursor and the first event in `events` are no longer kept. */
  readonly gap: boolean
  /** True if there are more events than the limit. The client should then poll again at once. */
  readonly more: boolean
  /** Present if the client has named a person and does not have this version yet. */
  readonly presence?: RoomPresence
}

/**
 * Person who reads, as named by a client. A client that names no person does not count as present and gets no
 * presence.
 */
export interface Person {
  /** Id of the person, the same in all clients of the person. */
  readonly userId: string
  /** Name that others see. The name that was given last counts for all clients of the person. */
  readonly name: string
  /** Id of a tab or program of the person, the same for all its connections. */
  readonly client: string
}

/**
 * People who are present in a room. This is a state and not an event: it has no id and is not stored. Only the latest
 * state counts.
 */
export interface RoomPresence {
  readonly type: 'presence'
  readonly room: string
  /** Version of the state. Every state has a different version, also after a restart. */
  readonly version: string
  /** Number of people who are present. If there are very many, `here` does not list all of them. */
  readonly people: number
  /** People in the order in which they came. */
  readonly here: readonly { readonly userId: string; readonly name: string; readonly tabs: number }[]
  /** User ids of people who are typing, at most ten. */
  readonly typing: readonly string[]
}

/**
 * Messages from the server on a streaming response, in addition to events and presence. Each message is a line of
 * JSON.
 */
export type StreamMessage =
  | { readonly type: 'connected' | 'gap'; readonly cursor: Cursor }
  | { readonly type: 'heartbeat' }

/** Messages from the server on the feed's WebSocket, in addition to events. */
export type FeedMessage =
  | { readonly type: 'connected'; readonly message: string; readonly room?: string; readonly cursor?: Cursor }
  | { readonly type: 'gap'; readonly room: string; readonly cursor: Cursor }
  | { readonly type: 'accepted'; readonly key: string; readonly id: Cursor }
  | { readonly type: 'joined' | 'left'; readonly room: string; readonly cursor?: Cursor }
  | {
      readonly type: 'user_joined' | 'user_left' | 'user_typing'
      readonly room: string
      readonly userId: string
      readonly name: string
    }
  | RoomPresence
  | { readonly type: 'pong' }
  | ErrorMessage

/** Messages from the client on the feed's WebSocket. `boardId` is another name for `room`. */
export type FeedRequest =
  | { readonly type: 'ping' }
  | {
      readonly type: 'join' | 'leave' | 'typing'
      readonly room?: string
      readonly boardId?: string
      readonly name?: string
      /** For `typing`: false if the person has stopped typing. */
      readonly on?: boolean
    }
  | {
      readonly type: 'message'
      readonly room?: string
      readonly boardId?: string
      readonly user: string
      readonly text: string
      readonly key?: string
    }

export interface ErrorMessage {
  readonly type: 'error'
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** Message on the WebSocket of the plain chat (`/chat`), in both directions. */
export interface ChatMessage {
  readonly username: string
  readonly message: string
}

/** Error response (RFC 9457). It also has the code of the catalogue, and a remedy that says what to do. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly remedy: string
}
