/** Interface of the storage of events. The same test suite runs for every log: test/server/feed/log.test.ts. */
import type { Draft, Event, ServerTimeMs } from '../protocol/feed.ts'

export interface Log {
  /** Id of this life of the log. A cursor of another epoch leads to a gap. */
  readonly epoch: string

  /**
   * Appends a draft after the room's last event and resolves after its commit. Rejects with `LogUnavailable` if the
   * log cannot be written; the draft is not kept then.
   *
   * `key`: idempotency key of the draft's user. If a kept event of the room has this key, nothing is appended and the
   * promise resolves with that event. Rejects with `KeyReused` if the request for that event was different.
   *
   * `state`: the room's state after this event. The same commit stores it in place of the previous state; null is an
   * empty state. The retention of events does not delete it.
   *
   * `asked`: the request to compare a reused key with, if it differs from the draft. Default: the draft.
   */
  append(room: string, draft: Draft, key?: string, state?: string | null, asked?: object): Promise<Appended>

  /** Returns at most `limit` events after `afterSeq`, the oldest first. */
  read(room: string, afterSeq: number, limit: number): Promise<readonly Event[]>

  /** Returns the range of a room's kept events. A room that never had an event has `first` 1 and `last` 0. */
  extent(room: string): Promise<Extent>

  /**
   * Deletes the room's events and its state. The numbering of events continues, so that an earlier cursor leads to a
   * gap. Absent in a log that cannot delete, such as a lesson's log.
   */
  clear?(room: string): Promise<void>

  /** Calls `listener` after every commit, once for each room in it, in order of seq, before the appends resolve. */
  onCommit(listener: (room: string, events: readonly Event[]) => void): () => void

  /**
   * Checks the log's files. Returns a sentence that says why the log cannot be written, or null if it can be written.
   * Absent in a log without files.
   */
  trouble?(): string | null

  /** States of rooms, for boards and moderation. Absent in a lesson's log. */
  readonly states?: States

  close(): Promise<void>
}

export interface States {
  /** Returns a room's state and the seq of its last event, both of the same moment. */
  get(room: string): Promise<StoredState>
  /**
   * Replaces every event for which `isRemoved` returns true by an event of type `removed` with the same id, room and
   * time. The old content is deleted for good. The keys of the old events stay in use. Resolves after the commit with the
   * number of replaced events. Rejects with `LogUnavailable`.
   */
  remove(room: string, isRemoved: (event: Event) => boolean): Promise<number>
  /** Returns the number of rooms that have a state. */
  count(): Promise<number>
  /** Returns all rooms that have a state. */
  list(): Promise<readonly StateSize[]>
  /** Returns the kept event with a user's key. Rejects with `KeyReused` if the request for that event was different. */
  earlier(room: string, user: string, key: string, asked: object): Promise<Event | undefined>
}

export interface Appended {
  readonly event: Event
  readonly repeated: boolean
}

export interface StoredState {
  readonly text: string | null
  readonly last: number
}

export interface StateSize {
  readonly room: string
  readonly bytes: number
  /** Time of the last change. */
  readonly at: ServerTimeMs
}

export interface Extent {
  /** Seq of the earliest kept event; `last + 1` if no event is kept. */
  readonly first: number
  /** Seq of the last event ever appended. */
  readonly last: number
}

/** Limits of each room. The oldest events are dropped as soon as one of the limits is reached. */
export interface Retention {
  readonly events: number
  readonly ageMs: number
  /** Time after which an unchanged state is dropped. Default: 30 days. */
  readonly stateAgeMs?: number
}

const DAY_MS = 24 * 60 * 60 * 1000

export const RETENTION: Retention = { events: 10_000, ageMs: DAY_MS }

export const STATE_AGE_MS = 30 * DAY_MS

/** Thrown when the log cannot be written or read, for example on a full disk. Its `cause` gives the reason. */
export class LogUnavailable extends Error {}

/** Returns the event that replaces a removed event. */
export const removed = ({ id, room, at }: Event): Event => ({ id, room, type: 'removed', at })
