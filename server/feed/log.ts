/** Where events are kept. One suite (test/server/feed/log.test.ts) holds for every log. */
import type { Draft, Event } from '../protocol.ts'

export interface Log {
  /** Names this life of the log: a cursor of another epoch points nowhere. */
  readonly epoch: string

  /**
   * Appends a draft behind the room's last event and resolves after its commit. A key that is
   * still kept with an event of the room appends nothing and answers that event again.
   * Rejects when the log cannot be written; nothing was kept then.
   *
   * `state`: what the room's events add up to with this one, kept by the same commit in place of what
   * was there; null for nothing. It outlives the events: the retention does not touch it.
   */
  append(room: string, draft: Draft, key?: string, state?: string | null): Promise<Appended>

  /** Events behind `afterSeq`, oldest first, at most `limit` of them. */
  read(room: string, afterSeq: number, limit: number): Promise<readonly Event[]>

  /** What is kept of a room. An empty room that never had an event has `first` 1 and `last` 0. */
  extent(room: string): Promise<Extent>

  /** Calls back after every commit, once per room in it, in order of seq, before its appends resolve. */
  onCommit(listener: (room: string, events: readonly Event[]) => void): () => void

  /** Absent where no room ever has a state, as in a lesson's own logs. */
  readonly states?: States

  close(): Promise<void>
}

export interface States {
  /** What the last `append` with a state left, and the seq of the room's last event, both at one moment. */
  of(room: string): Promise<State>
  /** How many rooms have one. */
  count(): Promise<number>
  /** The event of a key that is still kept. */
  earlier(room: string, key: string): Promise<Event | undefined>
}

export interface Appended {
  readonly event: Event
  readonly repeated: boolean
}

export interface State {
  readonly text: string | null
  readonly last: number
}

export interface Extent {
  /** Seq of the earliest event kept; one more than `last` where none is kept. */
  readonly first: number
  /** Seq of the last event ever appended. */
  readonly last: number
}

/** Both bounds hold for each room; whichever is reached first drops the oldest events. */
export interface Retention {
  readonly events: number
  readonly ageMs: number
}

export const RETENTION: Retention = { events: 10_000, ageMs: 24 * 60 * 60 * 1000 }

/** The log could not be written or read: a full disk, a file taken away. The cause tells which. */
export class LogUnavailable extends Error {}
