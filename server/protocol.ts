/** What goes over the wires, for server and browser alike. Types only: this file strips to nothing. */

/** The four ways in which the feed is delivered, in the order in which they are always shown. */
export type TransportName = 'short-poll' | 'long-poll' | 'sse' | 'ws'

/**
 * A position in a room's feed, just before the next event: `"<epoch>.<seq>"`, or `"0"` for the
 * earliest event kept. Opaque to clients; ASCII.
 */
export type Cursor = string

/** Milliseconds since 1970 on the server's clock, with microseconds as decimals. */
export type ServerTimeMs = number

export type EventType = 'message' | 'tick' | Change['type']

/** One event of the feed. Its id is the cursor just behind it. */
export interface Event {
  readonly id: Cursor
  readonly room: string
  readonly type: EventType
  /** When the publish was accepted; stamped once, before the commit. */
  readonly at: ServerTimeMs
  readonly user?: string
  readonly text?: string
  /** Of `task_…`: what it says of the task, as in `Change`. */
  readonly task?: TaskChange
  /** Of `list_…` likewise. */
  readonly list?: ListChange
  /** Of a change to a board: the key that its sender gave, by which its page knows it again. */
  readonly key?: string
}

/** What someone asks the feed to publish. */
export type Draft = Omit<Event, 'id' | 'room' | 'at'>

/** What a board's events add up to. Tasks of one list stand in the order in which that list shows them. */
export interface Board {
  readonly lists: readonly List[]
  readonly tasks: readonly Task[]
}

export interface List {
  readonly id: string
  readonly title: string
}

export interface Task {
  readonly id: string
  /** The list's id. */
  readonly list: string
  readonly title: string
  /** A name; empty for nobody. */
  readonly assignee: string
  readonly done: boolean
}

/**
 * A change to a board: what `POST /boards/ROOM` asks for, and what the event says that comes of it.
 * What is left out stays as it is, so that two people who change different things of a task both get them.
 */
export type Change =
  | { readonly type: 'task_created' | 'task_updated' | 'task_deleted'; readonly task: TaskChange }
  | { readonly type: 'list_created' | 'list_updated' | 'list_deleted'; readonly list: ListChange }

export interface TaskChange extends Partial<Task> {
  readonly id: string
  /** The task in front of which it is put; null for the end of its list. With neither this nor `list` it stays where it is. */
  readonly before?: string | null
}

export interface ListChange extends Partial<List> {
  readonly id: string
  /** The list in front of which it is put; null for the end. Without it a new one stands at the end, and any other stays where it is. */
  readonly before?: string | null
}

/** The answer of `GET /boards/ROOM`: the board as it is at the cursor, from which any transport goes on. */
export interface BoardAnswer {
  readonly cursor: Cursor
  readonly board: Board
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

/**
 * The state of the network below HTTP, the same for every connection and in both directions. 0 and
 * false are no condition at all.
 */
export interface Conditions {
  /** Each way; a new connection costs a round trip more. */
  readonly latencyMs: number
  /** Up to so much beside the latency, each way, packet by packet. */
  readonly jitterMs: number
  readonly bandwidthBytesPerSecond: number
  /** Share of the packets that TCP has to send again after a timeout. */
  readonly lossRate: number
  /** A proxy holds what is on its way down until it has so many bytes, or the answer is complete … */
  readonly bufferingBytes: number
  /** … or so much time is over since the first byte held. 0 is no such time. */
  readonly bufferingMs: number
  /** The proxy lets an answer through at once that says `X-Accel-Buffering: no`, as this server's event streams do. */
  readonly bufferingObeysHeader: boolean
  /** The client's application reads no faster, on each of its connections. */
  readonly slowReaderBytesPerSecond: number
  /** A connection without a byte in either direction for so long is closed. */
  readonly idleCutMs: number
  /** Refuses WebSockets, with 403. */
  readonly firewall: boolean
}

/** The ways to cut what is open: its end, a reset, or silence that nobody is told of. */
export type Cut = 'FIN' | 'RST' | 'black hole'

/** What the instructor sets. */
export interface Settings {
  /** The metronome's mean rate in ticks per second; 0 stops it. */
  readonly ratePerSecond: number
  /** For the whole server. */
  readonly conditions: Conditions
}

/** What is left out stays as it is; the body of `PUT /lab/settings?room=…` as well. */
export interface SettingsChange {
  readonly ratePerSecond?: number
  readonly conditions?: Partial<Conditions>
}

/** A state of the network that people know by name. */
export interface Preset {
  readonly name: string
  /** What it stands for, in a sentence. */
  readonly about: string
  readonly conditions: Conditions
}

/** Client to server over the lab's WebSocket, `GET /lab?room=…&page=…`. */
export type LabRequest =
  | { readonly type: 'clock'; readonly t0: number }
  | { readonly type: 'settings'; readonly settings: SettingsChange }
  | { readonly type: 'cut'; readonly how: Cut }
  | { readonly type: 'restart' }
  /** From now on this socket is the instructor's, if the token is right. */
  | { readonly type: 'instructor'; readonly token: string }
  /** Shows the bytes of an exchange of one of this page's own lanes. */
  | { readonly type: 'inspect'; readonly exchange: number }
  /** Whose page this is, and how they are called now: from then on it is told who else is here. */
  | { readonly type: 'here'; readonly userId: string; readonly name: string }
  /** The page's person types, or does so no more. */
  | { readonly type: 'typing'; readonly on: boolean }

/** Server to client over the lab's WebSocket. */
export type LabMessage =
  | {
      readonly type: 'welcome'
      readonly room: string
      /** The room's end when the page came in: where its lanes begin. */
      readonly cursor: Cursor
      /** May this client change the settings? */
      readonly instructor: boolean
      readonly settings: Settings
      readonly presets: readonly Preset[]
    }
  /** NTP's four stamps (RFC 5905, section 8), without the client's last: that one the client adds. */
  | {
      readonly type: 'clock'
      readonly t0: number
      readonly t1: ServerTimeMs
      readonly t2: ServerTimeMs
      /** Median time from accepting a publish to handing it to the transports, over the last ticks. */
      readonly serviceMs: number | null
      /** Median lateness of the metronome against its own schedule, over the last ticks. */
      readonly slipMs: number | null
    }
  | { readonly type: 'settings'; readonly settings: Settings }
  /** The token was right. */
  | { readonly type: 'instructor'; readonly instructor: true }
  /** The feed's connections were cut just now. */
  | { readonly type: 'cut'; readonly how: Cut; readonly at: ServerTimeMs }
  | { readonly type: 'here'; readonly pages: number }
  /** To a page that said whose it is. */
  | RoomPresence
  /** To a page that named itself: the server has cut this lane of it, and says why: `too slow: …`. */
  | { readonly type: 'dropped'; readonly lane: string; readonly reason: string; readonly at: ServerTimeMs }
  /** Twice a second, to a page that named itself: what its own lanes have used. */
  | { readonly type: 'lanes'; readonly lanes: readonly LaneBytes[] }
  /** Ten times a second, where there are any: what crossed the wire in the page's own lanes, in the order of `at`. */
  | { readonly type: 'wire'; readonly crossings: readonly Crossing[] }
  /** What `inspect` asked for; null where it is no longer kept. */
  | { readonly type: 'inspected'; readonly exchange: number; readonly found: Inspected | null }
  | ErrorMessage

/** Something that crossed the wire in a lane, as the server's end of the line saw it. */
export interface Crossing {
  readonly lane: string
  /** Of the request and all that belongs to it; counts up over all lanes. */
  readonly exchange: number
  readonly is: CrossingKind
  readonly up: boolean
  /** Up: when the server had read all of it. Down: when the server had written all of it. */
  readonly at: ServerTimeMs
  /** All of it, with the chunk or frame that holds it. */
  readonly bytes: number
  /** Of a `request`: the same for those that share a connection. */
  readonly connection?: number
  /** Of a `head` or an `answer`. */
  readonly status?: number
  /** Of the last event in it. */
  readonly id?: Cursor
  /** Of an `end` under conditions: bytes down of this exchange, told of before, that were still under way and never left. */
  readonly lost?: number
}

/**
 * `request`: a head, with its body where it has one, or a handshake. `head`: of an answer that goes
 * on, as a stream's. `answer`: a whole one. `event`: with at least one event in it. `message`: of a
 * WebSocket, up. `control`: down, and none of these (`retry:`, `connected`, `accepted`, a gap).
 * `heartbeat`: an SSE comment, down. `ping` and `pong`: frames, and the feed's own in JSON. `end`:
 * the connection is over, with no byte of its own. Rarely a second `request` follows the first:
 * bytes that turned out later to be its. So the bytes of a lane's crossings, less what was lost,
 * are all that it has used.
 */
export type CrossingKind =
  | 'request'
  | 'head'
  | 'answer'
  | 'event'
  | 'message'
  | 'control'
  | 'heartbeat'
  | 'ping'
  | 'pong'
  | 'close'
  | 'end'

/** An exchange as it crossed the wire, taken apart. Credentials are masked, character by character. */
export interface Inspected {
  readonly exchange: number
  readonly lane: string
  readonly transport: TransportName | null
  readonly connection: number
  /** 1 for the first request of its connection: all others have saved a handshake of TCP's. */
  readonly requestOfConnection: number
  /** In the order in which they crossed. */
  readonly parts: readonly Part[]
  /** How the server's `sec-websocket-accept` follows from the client's key (RFC 6455, section 4.2.2). */
  readonly handshake?: Handshake
}

export interface Handshake {
  readonly key: string
  readonly guid: string
  /** Of the two, one behind the other; in hexadecimal. */
  readonly sha1: string
  /** The same in Base64. */
  readonly accept: string
}

/**
 * `at` as of a crossing. Text is what the bytes say as UTF-8; a head's as Latin-1. Of a request the
 * text is written anew from what Node has read; where its length is not that of what came, `bytes`
 * says how many came.
 */
export type Part =
  | {
      readonly is: 'head'
      readonly up: boolean
      readonly at: ServerTimeMs
      readonly text: string
      readonly bytes?: number
    }
  | {
      readonly is: 'body'
      readonly up: boolean
      readonly at: ServerTimeMs
      readonly text: string
      readonly bytes?: number
    }
  /** `size` is its first line. The line break behind the data, and for the last chunk that of the trailer, is not repeated here. */
  | {
      readonly is: 'chunk'
      readonly up: false
      readonly at: ServerTimeMs
      readonly size: string
      readonly text: string
    }
  | FramePart
  /** So many bytes that crossed here are no longer kept. */
  | { readonly is: 'dropped'; readonly up: boolean; readonly at: ServerTimeMs; readonly bytes: number }
  | { readonly is: 'end'; readonly up: false; readonly at: ServerTimeMs }

/** RFC 6455, section 5.2. */
export interface FramePart {
  readonly is: 'frame'
  readonly up: boolean
  readonly at: ServerTimeMs
  /** The frame's head as it crossed, the mask included; in hexadecimal. */
  readonly head: string
  readonly fin: boolean
  /** 0 to 7: RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv: number
  readonly opcode: number
  /** In hexadecimal; null where it is not masked. */
  readonly mask: string | null
  /** Of the payload. */
  readonly length: number
  /** The payload as it crossed; in hexadecimal. */
  readonly payload: string
  /** The payload without its mask. */
  readonly text: string
}

/** `GET /source/PATH`: a file of the repository as it runs, split into lines of coloured pieces. */
export interface Source {
  readonly path: string
  readonly lines: readonly (readonly SourcePiece[])[]
}

/** `kind` tells how it is set: comment (italic), keyword (bold), string (underlined), or plain. */
export interface SourcePiece {
  readonly kind: 'comment' | 'keyword' | 'string' | 'plain'
  readonly text: string
}

/** `GET /lab/lanes`: what went over the wire, true at the moment of the request. TCP payload, in bytes. */
export interface Lanes {
  readonly lanes: readonly LaneBytes[]
  /**
   * What belongs to no lane. Its split is coarse: what lies behind a head is not looked into and
   * counts as `payload` down and `requestBodies` up.
   */
  readonly other: WireBytes
}

export interface LaneBytes extends WireBytes {
  readonly lane: string
  /** The one that was last used in the lane; null where it has only published. */
  readonly transport: TransportName | null
}

export interface WireBytes {
  /** Handshakes included. */
  readonly requests: number
  /** Those whose first request was one of these. */
  readonly connections: number
  /** What the server has read. */
  readonly bytesUp: number
  /** What the kernel has taken: what is queued before it is never counted. */
  readonly bytesDown: number
  readonly split: Split
}

/** What the bytes were for. The numbers add up to `bytesUp + bytesDown`. */
export interface Split {
  /** Of requests and handshakes. */
  readonly requestHeads: number
  /** Bodies and WebSocket messages that go up, without their frames. */
  readonly requestBodies: number
  /** The 101 included. */
  readonly responseHeads: number
  /** Chunk sizes, SSE fields, frame heads and masks, the JSON around events, control messages. */
  readonly framing: number
  /** The JSON of each event, and nothing else. */
  readonly payload: number
  /** Polls that brought nothing: request and answer, all of it. */
  readonly empty: number
  /** SSE comments with their chunks, WebSocket pings and pongs with their frames, both ways. */
  readonly heartbeats: number
}
