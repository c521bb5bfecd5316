/** Collects the appends to a log. The log writes all appends of one turn of the event loop in one commit. */
import { now } from '../now.ts'
import type { Cursor, Draft, Event, ServerTimeMs } from '../protocol/feed.ts'
import { KeyReused } from './keys.ts'
import { LogUnavailable } from './log.ts'
import type { Appended, Log } from './log.ts'

/** An append that the log has not committed yet. */
export interface WaitingAppend {
  readonly room: string
  readonly draft: Draft
  /** Time at which the log accepted the append. */
  readonly at: ServerTimeMs
  readonly key: string | undefined
  readonly state: string | null | undefined
  readonly asked: object
  readonly basedOn?: Cursor | undefined
}

/**
 * Result of one append. A reused key is a result and not an exception, so that the log keeps the commit's other events.
 */
export type AppendResult = Appended | KeyReused

export interface Appends {
  readonly append: Log['append']
  readonly onCommit: Log['onCommit']
  /** Commits the waiting appends now, before the end of the turn. */
  commit(): void
  /** Commits the waiting appends and refuses later ones. */
  close(): void
}

/**
 * Collects appends for a log. `write` commits a group of appends, and returns one result for each append in the same
 * order. If `write` throws an error, the promise of every append in the group rejects with that error.
 */
export function collectAppends(write: (group: readonly WaitingAppend[]) => readonly AppendResult[]): Appends {
  const listeners = new Set<(room: string, events: readonly Event[]) => void>()
  let waiting: (WaitingAppend & PromiseWithResolvers<Appended>)[] = []
  let closed = false

  return {
    async append(room, draft, key, state, asked = draft) {
      if (closed) throw new LogUnavailable('The log is closed.')
      const result = Promise.withResolvers<Appended>()
      if (waiting.push({ room, draft, at: now(), key, state, asked, ...result }) === 1) setImmediate(commit)
      return result.promise
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    commit,
    close() {
      commit()
      closed = true
      listeners.clear()
    },
  }

  function commit(): void {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    let results: readonly AppendResult[]
    try {
      results = write(group)
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    callListeners(results.filter(isFresh))
    for (const [i, result] of results.entries()) {
      if (result instanceof KeyReused) group[i]?.reject(result)
      else group[i]?.resolve(result)
    }
  }

  function callListeners(fresh: readonly Appended[]): void {
    for (const [room, appended] of Map.groupBy(fresh, ({ event }) => event.room)) {
      const events = appended.map(({ event }) => event)
      for (const listener of listeners) listener(room, events)
    }
  }
}

/** Returns true if the append has created a new event. */
export const isFresh = (result: AppendResult): result is Appended => !(result instanceof KeyReused) && !result.repeated
