/** What the kit and the process of a student's program say to each other. */
import type { Event } from '../../../server/protocol.ts'
import type { Hosted } from '../exercise.ts'

export interface Task {
  readonly file: string
  readonly hosted: Hosted
  /** 0 for any that is free. */
  readonly port: number
  /** The sandbox whose feed is followed; null for a feed of the check's own. */
  readonly follows: string | null
}

/** Down to the process, each with a number; answered by a `Reply` with the same. */
export type Command =
  /** `atMs`: of the stamp, where it shall not be now. All are one commit. */
  | { readonly is: 'publish'; readonly room: string; readonly texts: readonly string[]; readonly atMs?: number }
  /**
   * Publishes in between, once: behind the program's so manieth use of the feed from now on, before
   * it has its answer. Null: as soon as it has looked into this room and found nothing.
   * `keep`: drops all but the last so many events in the same moment; null for nothing.
   */
  | {
      readonly is: 'ambush'
      readonly room: string
      readonly texts: readonly string[]
      readonly use: number | null
      readonly keep: number | null
    }
  | { readonly is: 'reads'; readonly room: string }
  /** Answered by `Sent`. */
  | { readonly is: 'sent' }
  /** Drops all but the last so many events of the room. */
  | { readonly is: 'forget'; readonly room: string; readonly keep: number }
  /** Says goodbye to all clients, as a server that is about to stop. */
  | { readonly is: 'goodbye' }
  /** From here on the program's timers and its Date stand still. */
  | { readonly is: 'freeze' }
  | { readonly is: 'tick'; readonly ms: number }
  | { readonly is: 'thaw' }
  /** Answered by `Called`. */
  | { readonly is: 'call'; readonly exported: string; readonly args: readonly unknown[] }
  /** Starts a client for each of the rooms, at this origin and behind this cursor. */
  | {
      readonly is: 'connect'
      readonly origin: string
      readonly rooms: readonly string[]
      readonly after: string | null
    }
  /** Answered by `Clients`. */
  | { readonly is: 'clients' }
  /** Ends all clients. */
  | { readonly is: 'disconnect' }

export interface Reply {
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

/** How the program has used the feed in a room. */
export interface Reads {
  /** How often it has asked what lies behind a cursor, and had its answer. */
  readonly asked: number
  /** How often it has begun to follow. */
  readonly followed: number
  /** How many times it follows right now. */
  readonly following: number
  /** The last that was published from the ambush; null while nobody has walked into it. */
  readonly ambushed: Event | null
}

/** What became of a call. */
export interface Called {
  /** Of a promise, what it came to. */
  readonly value: unknown
  readonly isPromise: boolean
  /** As they are afterwards. */
  readonly args: readonly unknown[]
}

/** What the clients of a program have done since they were started. */
export interface Clients {
  /** In the order in which they were opened. */
  readonly sockets: readonly OpenedSocket[]
  /** What each room's client was told, in its order. */
  readonly told: Readonly<Record<string, readonly Event[]>>
  /** Whom its client has told that it does not come back, and why; by room. */
  readonly ended: Readonly<Record<string, string>>
}

/** All times are of the program's own clock, which stands still. */
export interface OpenedSocket {
  readonly room: string
  readonly url: string
  readonly openedAtMs: number
  /** As of its `close` event; null before it. */
  readonly closedAtMs: number | null
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number
}

export interface Sent {
  /** Bytes down each connection that is open, by the port of whoever is at its other end. */
  readonly bytes: ReadonlyMap<number, number>
  /** How often something was written to a client that had left. */
  readonly toNobody: number
}

/** Up, by a pipe that is written to at once, so that the last words of a process arrive too. */
export type Word =
  | { readonly is: 'ready'; readonly port: number }
  | { readonly is: 'beat' }
  /** `stack` begins with the name and the message. `code` as of Node's errors. */
  | {
      readonly is: 'import' | 'uncaught' | 'threw'
      readonly message: string
      readonly stack: string
      readonly code?: string
      readonly port?: number
    }
  /** The program has asked for the end of the process. */
  | { readonly is: 'exit'; readonly exitCode: number; readonly stack: string }
  /** What it should export is not there; `found` is what is. */
  | { readonly is: 'no export'; readonly exported: string; readonly found: readonly string[] }

/** The pipe of the words. */
export const WORDS_FD = 3

/** The pipe of the pulse: a line every so often, with what the process has used of the processor, in ms. */
export const PULSE_FD = 4
