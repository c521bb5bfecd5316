/** Types of the feed: events, cursors, and the messages of each transport. */
import type { Change } from './board.ts'

/**
 * Names of the transports. `server/transports/index.ts` and `web/transports/index.ts` list the transports in the order
 * in which pages show them.
 */
export type TransportName = 'short-poll' | 'long-poll' | 'sse' | 'ws' | 'stream'

/**
 * A position in a room's feed. The cursor `"<epoch>.<seq>"` is the position just after the event with the number `seq`.
 * The cursor `"0"` is the position before the earliest kept event. A cursor is ASCII text. A client sends a cursor back
 * unchanged and does not interpret it.
 */
export type Cursor = string

/** Milliseconds since 1970 on the server's clock, with microseconds as decimals. */
export type ServerTimeMs = number

/** A message that a person has written. */
export interface MessageDraft {
  readonly type: 'message'
  readonly user: string
  readonly text: string
}

/** A tick, which the room's metronome publishes. */
export interface TickDraft {
  readonly type: 'tick'
}

/** A change to a board, as the sender has requested it. */
export type BoardDraft = Change & {
  readonly user: string
  /** Idempotency key that the sender gave. The sender's page compares the key to recognise its own change. */
  readonly key?: string
}

/**
 * An action of the instructor on a room. Readers receive this event like any other event. A `removed` event replaces a
 * deleted event, so that the numbers of events have no holes. A `message_removed` event gives the id of the deleted
 * event in `target`. A `room_cleared` event says that the instructor has deleted all earlier messages. A
 * `board_deleted` event says that the instructor has deleted the board.
 */
export type ModerationDraft =
  | { readonly type: 'removed' | 'room_cleared' | 'board_deleted' }
  | { readonly type: 'message_removed'; readonly target: Cursor }

/** The content of an event before the feed adds `id`, `room` and `at`. `type` decides which fields a draft has. */
export type Draft = Exactly<MessageDraft | TickDraft | BoardDraft | ModerationDraft>

/**
 * Adds to one kind of draft the fields of all other kinds, with the type `undefined`. So code can read a field before
 * it knows the kind of the draft.
 */
type Exactly<Kind> = Kind extends unknown ? Kind & { readonly [F in Exclude<Field, keyof Kind>]?: undefined } : never

type Field = 'user' | 'text' | 'task' | 'list' | 'target' | 'key'

/** An event of the feed: a draft, and the fields that the feed adds to the draft. */
export type Event = Draft & {
  /** Id of the event, and also the cursor for the position just after the event. */
  readonly id: Cursor
  readonly room: string
  /** Time at which the server accepted the event, before the commit. */
  readonly at: ServerTimeMs
}

/** Response to a short poll or a long poll. */
export interface PollAnswer {
  readonly events: readonly Event[]
  /** Position from which the client should continue to read. The client sends this cursor with its next poll. */
  readonly cursor: Cursor
  /** True if the client misses events, because the server no longer keeps all events after the client's cursor. */
  readonly gap: boolean
  /** True if the room has more events after this answer. If `more` is true, the client should poll again at once. */
  readonly more: boolean
  /** The room's presence, if the client has named a person and does not have this version of the presence yet. */
  readonly presence?: RoomPresence
}

/**
 * The person who uses a client, as the client gives the person in its request. A client that gives no person does not
 * count as present and gets no presence.
 */
export interface Person {
  /** Id of the person. All clients of the person give the same id. */
  readonly userId: string
  /** Name that other people see. If the person's clients give different names, the latest name counts. */
  readonly name: string
  /** Id of the client, which is a tab or a program. All connections of the client give the same id. */
  readonly client: string
}

/**
 * The people who are present in a room. Presence is a state and not an event: it has no id, and the server does not
 * store it. A client needs only the latest state.
 */
export interface RoomPresence {
  readonly type: 'presence'
  readonly room: string
  /** Version of the state. Different states never have the same version, even if the server restarts between them. */
  readonly version: string
  /** Number of people who are present. If very many people are present, `here` does not list all of them. */
  readonly people: number
  /** People in the order in which they came to the room. */
  readonly here: readonly { readonly userId: string; readonly name: string; readonly tabs: number }[]
  /** User ids of the people who are typing; at most ten ids. */
  readonly typing: readonly string[]
}

/** Says that the client gets no new events for some time, because of a fault, or that it gets them again. */
export type LogState = { readonly type: 'degraded'; readonly reason: string } | { readonly type: 'restored' }

/**
 * Messages from the server on the transport `stream`, in addition to events and presence. Each message is a line of
 * JSON.
 */
export type StreamMessage =
  | { readonly type: 'connected' | 'gap'; readonly cursor: Cursor }
  | { readonly type: 'heartbeat' }
  | LogState

/** Messages from the server to a client on the feed's WebSocket, in addition to events. */
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
  | LogState
  | { readonly type: 'pong' }
  | ErrorMessage

/** Messages from a client to the server on the feed's WebSocket. `boardId` is another name for `room`. */
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

/** A message on the WebSocket of the plain chat (`/chat`). Client and server send the same kind of message. */
export interface ChatMessage {
  readonly username: string
  readonly message: string
}

/** An error response (RFC 9457), with two more fields: the error's code, and a remedy that says what to do. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly remedy: string
}
