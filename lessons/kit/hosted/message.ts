/** Messages between the kit and the process of a student's program. */
import type { Event } from '../../../server/protocol/feed.ts'
import type { Hosted } from './kinds.ts'

export interface HostTask {
  readonly file: string
  readonly hosted: Hosted
  /** 0 for any free port. */
  readonly port: number
  /** Origin of the sandbox whose feed is followed; null if the check controls the feed. */
  readonly follows: string | null
  /** File of the page that is served at `/page`; null if there is none. */
  readonly page: string | null
}

/** Command to the process; it has a number, and gets a `Reply` with the same number. */
export type Command =
  /** Publishes messages in one commit. `atMs`: their time. Default: now. */
  | { readonly is: 'publish'; readonly room: string; readonly texts: readonly string[]; readonly atMs?: number }
  /**
   * Publishes once, after the program's nth use of the feed from now on, before the program gets the result. If `use` is
   * null, publishes after its next read of this room that finds nothing. If `keep` is a number, also drops older events.
   */
  | {
      readonly is: 'publishDuringRead'
      readonly room: string
      readonly texts: readonly string[]
      readonly use: number | null
      readonly keep: number | null
    }
  | { readonly is: 'reads'; readonly room: string }
  /** Returns `SentBytes`. */
  | { readonly is: 'sent' }
  /** Drops all events of the room except the last `keep`. */
  | { readonly is: 'forget'; readonly room: string; readonly keep: number }
  /** Changes the epoch of the feed; null for the usual one. */
  | { readonly is: 'epoch'; readonly epoch: string | null }
  /** Calls the transport's goodbye, like a server that is about to stop. */
  | { readonly is: 'goodbye' }
  /** Holds back the results of the program's reads of the room until `resume`. */
  | { readonly is: 'pause' | 'resume'; readonly room: string }
  /** Ends every follower of the room as the feed does if it cannot read the log. */
  | { readonly is: 'failFollowers'; readonly room: string }
  /** Stops the program's timers and Date. */
  | { readonly is: 'freeze' }
  | { readonly is: 'tick'; readonly ms: number }
  | { readonly is: 'thaw' }
  /** Returns the number of timers that the program has started since `freeze` and that can still fire. */
  | { readonly is: 'timers' }
  /** Makes `Math.random` return numbers that differ by this step, or random ones again for null. */
  | { readonly is: 'random'; readonly step: number | null }
  /** Lets the program's `send` throw for the WebSocket of the client with this port. */
  | { readonly is: 'spoil'; readonly port: number }
  /** Returns `Called`. */
  | { readonly is: 'call'; readonly exported: string; readonly args: readonly unknown[] }
  /** Starts a client for each room, at this origin and after this cursor. */
  | {
      readonly is: 'connect'
      readonly origin: string
      readonly rooms: readonly string[]
      readonly after: string | null
    }
  /** Returns `Clients`. */
  | { readonly is: 'clients' }
  /** Calls the function that ends each client. Their sockets and events are still reported. */
  | { readonly is: 'stop' }
  /** Ends all clients, and forgets them. */
  | { readonly is: 'disconnect' }

export interface Reply {
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

/** Counts of the program's uses of the feed in a room. */
export interface Reads {
  /** Number of finished reads after a cursor. */
  readonly asked: number
  /** Number of calls of `follow`. */
  readonly followed: number
  /** Number of followers at this moment. */
  readonly following: number
  /** Number of calls that stopped a follower which had been stopped before. */
  readonly stoppedAgain: number
  /** Last event that was published between two steps of the program; null before that. */
  readonly publishedDuringRead: Event | null
}

/** Result of a call. */
export interface Called {
  /** Returned value; null for a promise. */
  readonly value: unknown
  readonly isPromise: boolean
  /** Arguments as they are after the call. */
  readonly args: readonly unknown[]
}

/** State of a program's clients. */
export interface Clients {
  /** Sockets in the order in which they were opened. */
  readonly sockets: readonly OpenedSocket[]
  /** Requests in the order in which they were sent with `fetch`. */
  readonly requests: readonly SentRequest[]
  /** Events that the client of each room delivered, in order, also after it was stopped. */
  readonly delivered: Readonly<Record<string, readonly Event[]>>
  /** Reasons of clients that will not reconnect, by room. */
  readonly ended: Readonly<Record<string, string>>
}

/** Times are from the program's own frozen clock. */
export interface OpenedSocket {
  readonly room: string
  readonly url: string
  readonly openedAtMs: number
  /** Time of the `close` event; null before it. */
  readonly closedAtMs: number | null
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number
}

/** Times are from the program's own frozen clock. */
export interface SentRequest {
  readonly room: string
  readonly url: string
  readonly askedAtMs: number
  /** Time at which the head of the response came, or at which the request failed; null before that. */
  readonly endedAtMs: number | null
}

export interface SentBytes {
  /** Bytes sent on each open connection, by the port of its client. */
  readonly bytes: ReadonlyMap<number, number>
  /** Number of writes to clients that had left. */
  readonly toNobody: number
}

/** Report of the process, written to a pipe with a blocking write, so that even the last one arrives. */
export type ProcessReport =
  | { readonly is: 'ready'; readonly port: number }
  | { readonly is: 'beat' }
  /** An error. `stack` begins with name and message; `code` and `port` are from Node's errors. */
  | {
      readonly is: 'import' | 'uncaught' | 'threw'
      readonly message: string
      readonly stack: string
      readonly code?: string
      readonly port?: number
    }
  /** The program called process.exit. */
  | { readonly is: 'exit'; readonly exitCode: number; readonly stack: string }
  /** The wanted export is missing; `found` lists the existing ones. */
  | { readonly is: 'no export'; readonly exported: string; readonly found: readonly string[] }

/** Pipe for the reports. */
export const REPORTS_FD = 3

/** Pipe for the pulse: a regular line with the processor time that the process has used, in ms, and its memory, in MB. */
export const PULSE_FD = 4
