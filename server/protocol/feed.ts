/** Types of the feed: events, cursors, and the messages of each transport. */
import type { Change } from './board.ts'

/** Names of the transports. The two `transports/index.ts`, for server and browser, list them in the order in which they are shown. */
export type TransportName = 'short-poll' | 'long-poll' | 'sse' | 'ws' | 'stream'

/**
 * A position in a room's feed, just before the next event: `"<epoch>.<seq>"`, or `"0"` for the
 * earliest event kept. Opaque to clients; ASCII.
 */
export type Cursor = string

/** Milliseconds since 1970 on the server's clock, with microseconds as decimals. */
export type ServerTimeMs = number

/** Somebody's message. */
export interface MessageDraft {
  readonly type: 'message'
  readonly user: string
  readonly text: string
}

/** A message of the room's metronome, in a steady rhythm. */
export interface TickDraft {
  readonly type: 'tick'
}

/** A change to a board, as its sender asked for it. */
export type BoardDraft = Change & {
  readonly user: string
  /** The key that the sender gave. By the key, the sender's page recognises its own change. */
  readonly key?: string
}

/**
 * An act of the instructor on a room. Readers receive it like any other event. `removed` stands in
 * the place of an event that was taken away, so that the numbers stay dense; `message_removed` names such
 * an event in `target`; `room_cleared` and `board_deleted` concern everything before them.
 */
export type ModerationDraft =
  | { readonly type: 'removed' | 'room_cleared' | 'board_deleted' }
  | { readonly type: 'message_removed'; readonly target: Cursor }

/** Content of an event, which a client asks the feed to publish. `type` decides which fields it has. */
export type Draft = Exactly<MessageDraft | TickDraft | BoardDraft | ModerationDraft>

/** Declares the fields of all other kinds as absent, so that a program may read a field before it knows the kind. */
type Exactly<Kind> = Kind extends unknown ? Kind & { readonly [F in Exclude<Field, keyof Kind>]?: undefined } : never

type Field = 'user' | 'text' | 'task' | 'list' | 'target' | 'key'

/** One event of the feed: its content, and what the feed adds to it. */
export type Event = Draft & {
  /** The cursor just after the event. */
  readonly id: Cursor
  readonly room: string
  /** When the publish was accepted; stamped once, before the commit. */
  readonly at: ServerTimeMs
}

/** The answer of both polls. */
export interface PollAnswer {
  readonly events: readonly Event[]
  /** Just before the next event that this client has not got. */
  readonly cursor: Cursor
  /** Events between the client's cursor and the first of these are no longer kept. */
  readonly gap: boolean
  /** The limit cut the answer short: ask again at once. */
  readonly more: boolean
  /** To a client that named itself and has not got this version. */
  readonly presence?: RoomPresence
}

/** Who reads, as a client names itself. Whoever names nobody is not counted as here, and is told of nobody. */
export interface Person {
  /** The same in all of somebody's clients. */
  readonly userId: string
  /** As it is shown; what was given last counts for all of them. */
  readonly name: string
  /** One tab or program of the person's; the same over all of its connections. */
  readonly client: string
}

/** Who is in a room: state and no event, so it has no id and is kept nowhere. The latest is all that counts. */
export interface RoomPresence {
  readonly type: 'presence'
  readonly room: string
  /** Another for every state, and never the same after a restart. */
  readonly version: string
  /** How many are here; of very many not all are listed. */
  readonly people: number
  /** In the order in which they came. */
  readonly here: readonly { readonly userId: string; readonly name: string; readonly tabs: number }[]
  /** User ids; of those who type now at most ten. */
  readonly typing: readonly string[]
}

/** Server to client over the streaming response, beside the events themselves and presence: one JSON object a line. */
export type StreamMessage =
  | { readonly type: 'connected' | 'gap'; readonly cursor: Cursor }
  | { readonly type: 'heartbeat' }

/** Server to client over the feed's WebSocket, beside the events themselves. */
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

/** Client to server over the feed's WebSocket. `boardId` is another name of `room`. */
export type FeedRequest =
  | { readonly type: 'ping' }
  | {
      readonly type: 'join' | 'leave' | 'typing'
      readonly room?: string
      readonly boardId?: string
      readonly name?: string
      /** Of `typing`: false where it is over. */
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

/** Both ways over the plain chat's WebSocket, `/chat`. */
export interface ChatMessage {
  readonly username: string
  readonly message: string
}

/** RFC 9457, with the catalogue's code and what to do about it. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly remedy: string
}
