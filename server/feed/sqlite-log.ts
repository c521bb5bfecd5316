import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { now } from '../now.ts'
import type { Draft, Event } from '../protocol.ts'
import { cursorOf, newEpoch } from './cursor.ts'
import { LogUnavailable, RETENTION } from './log.ts'
import type { Appended, Extent, Log, Retention } from './log.ts'

/** Kept in the file's `user_version`; a later one means that a newer Fourwire wrote the file. */
const SCHEMA_VERSION = 1

const SCHEMA = `
  CREATE TABLE meta (epoch TEXT NOT NULL);
  CREATE TABLE room (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE event (
    room TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, key TEXT, json TEXT NOT NULL,
    PRIMARY KEY (room, seq)
  ) WITHOUT ROWID;
  CREATE INDEX event_at ON event (at);
  CREATE UNIQUE INDEX event_key ON event (room, key) WHERE key IS NOT NULL;
  PRAGMA user_version = ${SCHEMA_VERSION};`

/** Age is looked at this often: often enough for a bound of hours. */
const AGE_CHECK_MS = 60_000

interface Waiting {
  readonly room: string
  readonly draft: Draft
  readonly at: number
  readonly key: string | undefined
  resolve(appended: Appended): void
  reject(error: unknown): void
}

/**
 * The durable log: one SQLite file in WAL mode. All appends of one turn of the event loop are
 * one commit. A killed process loses nothing that was acknowledged (the commit is in the
 * kernel's hands); a power cut may lose the last commits but never tears one, which is what
 * `synchronous = NORMAL` means and what spares each commit an fsync.
 *
 * Throws when the file cannot be opened, is another program's, or is already in use.
 */
export function sqliteLog(path: string, retention: Retention = RETENTION): Log {
  const db = open(path)
  const epoch = epochOf(db)
  const sql = statements(db)
  const listeners = new Set<(room: string, events: readonly Event[]) => void>()
  let waiting: Waiting[] = []
  let closed = false

  forgetOld()
  const ageCheck = setInterval(forgetOld, AGE_CHECK_MS).unref()

  return {
    epoch,
    append: (room, draft, key) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new LogUnavailable('The log is closed.'))
        if (waiting.push({ room, draft, at: now(), key, resolve, reject }) === 1) setImmediate(commit)
      }),
    async read(room, afterSeq, limit) {
      return sql.read.all(room, afterSeq, limit).map((row) => JSON.parse(String(row['json'])))
    },
    async extent(room): Promise<Extent> {
      const last = lastOf(room)
      const first = sql.first.get(room)?.['first']
      return { first: first == null ? last + 1 : Number(first), last }
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
      if (db.isTransaction) db.exec('ROLLBACK')
      const unavailable = new LogUnavailable(`${path} takes no writes: ${sentence(error)}`, { cause: error })
      for (const one of group) one.reject(unavailable)
      return
    }
    tell(done)
    group.forEach((one, i) => one.resolve(done[i] ?? fail()))
  }

  function append({ room, draft, at, key }: Waiting): Appended {
    const earlier = key === undefined ? undefined : sql.byKey.get(room, key)
    if (earlier) return { event: JSON.parse(String(earlier['json'])), repeated: true }
    const seq = lastOf(room) + 1
    const event: Event = { id: cursorOf(epoch, seq), room, at, ...draft }
    sql.setLast.run(room, seq)
    sql.insert.run(room, seq, at, key ?? null, JSON.stringify(event))
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

  function forgetOld(): void {
    sql.forgetOld.run(now() - retention.ageMs)
  }
}

function open(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  const db = new DatabaseSync(path)
  try {
    const isNew = inspect(db)
    // One server at a time: a second one would give out the same numbers.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    if (isNew) db.exec(`BEGIN; ${SCHEMA} COMMIT`)
  } catch (error) {
    db.close()
    throw new Error(`${path} cannot be used as the event log: ${sentence(error)}`, { cause: error })
  }
  return db
}

/** Is the file empty? Only looks, so that a file which is not ours stays as it was. */
function inspect(db: DatabaseSync): boolean {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > SCHEMA_VERSION)
    throw new Error(
      `it was written by a newer Fourwire (schema ${version}, this one knows ${SCHEMA_VERSION}); update Fourwire or name another file with --data`,
    )
  if (version === SCHEMA_VERSION) return false
  if (db.prepare('SELECT 1 FROM sqlite_schema').get())
    throw new Error(`it holds another program's tables; name another file with --data`)
  return true
}

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text === 'database is locked'
    ? 'another Fourwire is using it; stop that one or name another file with --data.'
    : `${text}.`
}

function epochOf(db: DatabaseSync): string {
  const known = db.prepare('SELECT epoch FROM meta').get()
  if (known) return String(known['epoch'])
  const epoch = newEpoch()
  db.prepare('INSERT INTO meta (epoch) VALUES (?)').run(epoch)
  return epoch
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
    forgetSurplus: db.prepare('DELETE FROM event WHERE room = ? AND seq <= ?'),
    forgetOld: db.prepare('DELETE FROM event WHERE at < ?'),
  }
}

function fail(): never {
  throw new Error('A commit answered fewer appends than it took.')
}
