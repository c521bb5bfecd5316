/** Where events are kept. One suite (test/server/feed/log.test.ts) holds for every log. */
import type { Draft, Event } from '../protocol.ts'

export interface Log {
  /** Names this life of the log: a cursor of another epoch points nowhere. */
  readonly epoch: string

  /**
   * Appends a draft behind the room's last event and resolves after its commit. A key that is
   * still kept with an event of the room appends nothing and answers that event again.
   * Rejects when the log cannot be written; nothing was kept then.
   */
  append(room: string, draft: Draft, key?: string): Promise<Appended>

  /** Events behind `afterSeq`, oldest first, at most `limit` of them. */
  read(room: string, afterSeq: number, limit: number): Promise<readonly Event[]>

  /** What is kept of a room. An empty room that never had an event has `first` 1 and `last` 0. */
  extent(room: string): Promise<Extent>

  /** Calls back after every commit, once per room in it, in order of seq, before its appends resolve. */
  onCommit(listener: (room: string, events: readonly Event[]) => void): () => void

  close(): Promise<void>
}

export interface Appended {
  readonly event: Event
  readonly repeated: boolean
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
