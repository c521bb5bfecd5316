/** The interface of a log, which stores events. One test suite tests every log: test/server/feed/log.test.ts. */
import type { Peers } from '../peers/peers.ts'
import type { SoleWork } from '../peers/sole-work.ts'
import type { Cursor, Draft, Event, ServerTimeMs } from '../protocol/feed.ts'

export interface Log {
  /**
   * Id of the log's current numbering of events. A reader with a cursor of another epoch gets a gap. If each room has an
   * epoch of its own, `extent` returns it, and no cursor has this epoch.
   */
  readonly epoch: string

  /**
   * Appends a draft after the room's last event and resolves after the commit of the draft. If the log cannot be
   * written, the promise rejects with `LogUnavailable`, and the log does not keep the draft.
   *
   * `key`: idempotency key of the draft's user. If the log keeps an event of this room with the same key, the log
   * appends nothing, and the promise resolves with that event. Rejects with `KeyReused` if the request for that event
   * was different.
   *
   * `state`: the room's state after this event. The commit of the event replaces the room's previous state by this
   * state. Null is an empty state. The log does not delete a state together with old events.
   *
   * `asked`: the request that is compared with the earlier request of the same key. Default: the draft.
   *
   * `basedOn`: position of the state from which the caller has computed `state`. If another process has changed the
   * state since, the log appends nothing, and the promise rejects with `StateChanged`. A log that only one process uses
   * does not check this.
   */
  append(
    room: string,
    draft: Draft,
    key?: string,
    state?: string | null,
    asked?: object,
    basedOn?: Cursor,
  ): Promise<Appended>

  /** Returns at most `limit` events after `afterSeq`, the oldest first. */
  read(room: string, afterSeq: number, limit: number): Promise<readonly Event[]>

  /** Returns the range of a room's kept events. A room that never had an event has `first` 1 and `last` 0. */
  extent(room: string): Promise<Extent>

  /**
   * Deletes the room's events and state. The numbering of events continues, so that a reader with an earlier cursor
   * gets a gap. A log that cannot delete has no `clear`, for example a lesson's log.
   */
  clear?(room: string): Promise<void>

  /**
   * Calls `listener` after every commit: once for each room in the commit, with the room's new events in their order.
   * The promises of the appends resolve after the calls of `listener`. Returns a function that removes `listener`.
   */
  onCommit(listener: (room: string, events: readonly Event[]) => void): () => void

  /**
   * Watches a room for commits of other processes. While a room is watched, `onCommit` also gets these commits, and the
   * log reads nothing that `onCommit` has not got yet. A log that only one process uses has no `watch`.
   */
  watch?(room: string): Watch

  /**
   * Calls `listener` if the next commit of a watched room does not continue the commits before: its epoch has changed,
   * or events were skipped. Returns a function that removes `listener`.
   */
  onBreak?(listener: (room: string) => void): () => void

  /**
   * Calls `listener` with a sentence if events do not arrive any more, and with null when they arrive again. A log that
   * only one process uses has no `onTrouble`. Returns a function that removes `listener`.
   */
  onTrouble?(listener: (trouble: string | null) => void): () => void

  /** The other processes that use this log. A log that only one process uses has no `peers`. */
  readonly peers?: Peers

  /** Returns the work `name`, which only one of the processes does. A log that only one process uses has no `work`. */
  work?(name: string): SoleWork

  /**
   * Checks the log's files. Returns a sentence that says why the log cannot be written. Returns null if the log can be
   * written. A log without files has no `trouble`.
   */
  trouble?(): string | null

  /**
   * Returns for each connection of the log a sentence that says why it does not work, or null if it works. `commands`
   * writes and reads, and `events` waits for events. A log in files has no `connections`.
   */
  connections?(): LogConnections

  /** Reads and changes the stored states of rooms, for boards and moderation. A lesson's log has no `states`. */
  readonly states?: States

  close(): Promise<void>
}

export interface States {
  /** Returns a room's state, and the number of the last event that the state includes. */
  get(room: string): Promise<StoredState>
  /**
   * Replaces every event for which `isRemoved` returns true. The new event has the type `removed`, and the id, the room
   * and the time of the old event. The log deletes the old event's content for good. The old event's key stays in use.
   * The promise resolves after the commit with the number of replaced events, or rejects with `LogUnavailable`.
   */
  remove(room: string, isRemoved: (event: Event) => boolean): Promise<number>
  /** Returns the number of rooms that have a state. */
  count(): Promise<number>
  /** Returns all rooms that have a state. */
  list(): Promise<readonly StateSize[]>
  /**
   * Returns the event that the user published with this key, if the log still keeps the event. Rejects with `KeyReused`
   * if the request for that event differs from `asked`.
   */
  earlier(room: string, user: string, key: string, asked: object): Promise<Event | undefined>
}

export interface LogConnections {
  readonly commands: string | null
  readonly events: string | null
}

export interface Watch {
  /** Resolves when the log watches the room. Rejects with `LogUnavailable`. */
  readonly ready: Promise<void>
  stop(): void
}

export interface Appended {
  readonly event: Event
  readonly repeated: boolean
}

export interface StoredState {
  readonly text: string | null
  readonly last: number
  /** Epoch of the room. Default: the log's epoch. */
  readonly epoch?: string
}

export interface StateSize {
  readonly room: string
  readonly bytes: number
  /** Time at which the state last changed. */
  readonly at: ServerTimeMs
}

export interface Extent {
  /** Number of the earliest kept event; `last + 1` if the log keeps no event of the room. */
  readonly first: number
  /** Number of the last event that was ever appended to the room; 0 if no event was ever appended. */
  readonly last: number
  /** Epoch of the room. Default: the log's epoch. */
  readonly epoch?: string
}

/** Limits of each room. If a room exceeds the number or the age of events, the log deletes the room's oldest events. */
export interface Retention {
  readonly events: number
  readonly ageMs: number
  /** Time without a change after which the log deletes a state. Default: 30 days. */
  readonly stateAgeMs?: number
}

const DAY_MS = 24 * 60 * 60 * 1000

export const RETENTION: Retention = { events: 10_000, ageMs: DAY_MS }

export const STATE_AGE_MS = 30 * DAY_MS

/** The log throws this error when it cannot be written or read, for example on a full disk. */
export class LogUnavailable extends Error {
  /** Remedy for a client that publishes. If it is undefined, the log has stored nothing, and the fault is on its disk. */
  readonly remedy: string | undefined

  constructor(message: string, { remedy, ...options }: ErrorOptions & { readonly remedy?: string } = {}) {
    super(message, options)
    this.remedy = remedy
  }
}

/** The log throws this error when another process has changed a room's state in the meantime. */
export class StateChanged extends Error {}

/** Returns the event of type `removed` that replaces a deleted event. */
export const removed = ({ id, room, at }: Event): Event => ({ id, room, type: 'removed', at })
