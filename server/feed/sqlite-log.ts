import type { DatabaseSync } from 'node:sqlite'
import { now } from '../now.ts'
import type { Draft, Event } from '../protocol.ts'
import { cursorOf } from './cursor.ts'
import { LogUnavailable, RETENTION } from './log.ts'
import type { Appended, Extent, Log, Retention } from './log.ts'
import { openFile } from './sqlite-file.ts'
import { trouble } from './trouble.ts'

/** Age is looked at this often: often enough for a bound of hours. */
const AGE_CHECK_MS = 60_000

interface Waiting {
  readonly room: string
  readonly draft: Draft
  readonly at: number
  readonly key: string | undefined
  readonly state: string | null | undefined
  resolve(appended: Appended): void
  reject(error: unknown): void
}

/**
 * The durable log: one SQLite file in WAL mode. All appends of one turn of the event loop are
 * one commit. A killed process loses nothing that was acknowledged (the commit is in the
 * kernel's hands); a power cut may lose the last commits but never tears one, which is what
 * `synchronous = NORMAL` means and what spares each commit an fsync.
 *
 * Throws when the file cannot be opened, is another program's, a newer Fourwire's or damaged, or
 * is already in use. `told`: of what was done to the file at opening, in a sentence.
 */
export function sqliteLog(
  path: string,
  retention: Retention = RETENTION,
  told: (sentence: string) => void = () => {},
): Log {
  const { db, epoch } = openFile(path, told)
  const sql = statements(db)
  const listeners = new Set<(room: string, events: readonly Event[]) => void>()
  let waiting: Waiting[] = []
  let closed = false

  forgetOld()
  const ageCheck = setInterval(forgetOld, AGE_CHECK_MS).unref()

  return {
    epoch,
    append: (room, draft, key, state) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new LogUnavailable('The log is closed.'))
        if (waiting.push({ room, draft, at: now(), key, state, resolve, reject }) === 1) setImmediate(commit)
      }),
    async read(room, afterSeq, limit) {
      return sql.read.all(room, afterSeq, limit).map((row) => JSON.parse(String(row['json'])))
    },
    async extent(room): Promise<Extent> {
      const last = lastOf(room)
      const first = sql.first.get(room)?.['first']
      return { first: first == null ? last + 1 : Number(first), last }
    },
    states: {
      async of(room) {
        const text = sql.state.get(room)?.['text']
        return { text: text == null ? null : String(text), last: lastOf(room) }
      },
      count: async () => Number(sql.states.get()?.['count']),
      async earlier(room, key) {
        const row = sql.byKey.get(room, key)
        return row && JSON.parse(String(row['json']))
      },
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      if (closed) return
      commit()
      closed = true
      clearInterval(ageCheck)
      listeners.clear()
      db.close()
    },
  }

  function commit(): void {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    const done: Appended[] = []
    try {
      db.exec('BEGIN IMMEDIATE')
      for (const one of group) done.push(append(one))
      for (const room of new Set(group.map((one) => one.room)))
        sql.forgetSurplus.run(room, lastOf(room) - retention.events)
      db.exec('COMMIT')
    } catch (error) {
      rollBack()
      const unavailable = new LogUnavailable(`The event log takes no writes: ${trouble(error)}`, { cause: error })
      for (const one of group) one.reject(unavailable)
      return
    }
    tell(done)
    group.forEach((one, i) => one.resolve(done[i] ?? fail()))
  }

  /** Some failures have rolled back already, and on a disk that fails this may fail too. */
  function rollBack(): void {
    try {
      if (db.isTransaction) db.exec('ROLLBACK')
    } catch {}
  }

  function append({ room, draft, at, key, state }: Waiting): Appended {
    const earlier = key === undefined ? undefined : sql.byKey.get(room, key)
    if (earlier) return { event: JSON.parse(String(earlier['json'])), repeated: true }
    const seq = lastOf(room) + 1
    const event: Event = { id: cursorOf(epoch, seq), room, at, ...draft }
    sql.setLast.run(room, seq)
    sql.insert.run(room, seq, at, key ?? null, JSON.stringify(event))
    if (state === null) sql.dropState.run(room)
    else if (state !== undefined) sql.setState.run(room, state)
    return { event, repeated: false }
  }

  function tell(done: readonly Appended[]): void {
    const fresh = Map.groupBy(
      done.filter((one) => !one.repeated),
      (one) => one.event.room,
    )
    for (const [room, appended] of fresh) {
      const events = appended.map((one) => one.event)
      for (const listener of listeners) listener(room, events)
    }
  }

  function lastOf(room: string): number {
    return Number(sql.last.get(room)?.['last'] ?? 0)
  }

  /** On a full disk nothing can be deleted either. That is no reason to end: the next publish says so. */
  function forgetOld(): void {
    try {
      sql.forgetOld.run(now() - retention.ageMs)
    } catch {}
  }
}

function statements(db: DatabaseSync) {
  return {
    insert: db.prepare('INSERT INTO event (room, seq, at, key, json) VALUES (?, ?, ?, ?, ?)'),
    read: db.prepare('SELECT json FROM event WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?'),
    byKey: db.prepare('SELECT json FROM event WHERE room = ? AND key = ?'),
    first: db.prepare('SELECT min(seq) AS first FROM event WHERE room = ?'),
    last: db.prepare('SELECT last FROM room WHERE name = ?'),
    setLast: db.prepare(
      'INSERT INTO room (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last',
    ),
    state: db.prepare('SELECT text FROM state WHERE room = ?'),
    states: db.prepare('SELECT count(*) AS count FROM state'),
    setState: db.prepare(
      'INSERT INTO state (room, text) VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET text = excluded.text',
    ),
    dropState: db.prepare('DELETE FROM state WHERE room = ?'),
    forgetSurplus: db.prepare('DELETE FROM event WHERE room = ? AND seq <= ?'),
    forgetOld: db.prepare('DELETE FROM event WHERE at < ?'),
  }
}

function fail(): never {
  throw new Error('A commit answered fewer appends than it took.')
}
