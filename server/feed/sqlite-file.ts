/**
 * Opens the event log's file: checks that the file is an intact event log, locks the file for this process, and brings
 * the file to the current layout. If a check fails, the file stays unchanged.
 *
 * Only SQLite may open the file. If this process opened the file a second time and closed this second descriptor, POSIX
 * would release all locks of the process on the file.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { newEpoch } from './cursor.ts'
import { holdFiles } from './held-files.ts'
import type { HeldFiles } from './held-files.ts'
import { findMark, openMark } from './mark.ts'
import type { FoundMark, LogMark } from './mark.ts'
import { APPLICATION_ID, FIRST_TABLES, MIGRATIONS } from './migrations.ts'
import { LEFT, NAME_ANOTHER, codeOf, trouble } from './trouble.ts'

interface File {
  readonly db: DatabaseSync
  /** Epoch of the log. The log gets a new epoch when it may have lost acknowledged events. */
  readonly epoch: string
  /** Number of events ever appended to the log, in all rooms. */
  readonly events: number
  readonly mark: LogMark
  readonly held: HeldFiles
}

/** The first schema version with a mark: every file of this version or a later version has a mark. */
const FIRST_MARKED = 4

/**
 * Opens the log's file. If the file cannot be used, throws an error that names the file and the fault, and says what to
 * do. Calls `report` with a sentence about a migration, and with a sentence if the log may have lost events.
 */
export function openFile(path: string, report: (sentence: string) => void): File {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw new Error(`it is a folder; ${NAME_ANOTHER}.`)
    // If the server may not write a file, SQLite would open the file as read-only, and the first write would fail.
    accessSync(dirname(path), constants.W_OK)
    if (found) accessSync(path, constants.W_OK)
    const mark = findMark(path)
    if (found && found.size > 0) inspect(path)
    return openWhole(path, mark, report)
  } catch (error) {
    throw new Error(`${path} cannot be used as the event log: ${trouble(error)}`, { cause: error })
  }
}

/**
 * Throws if the file belongs to another program, was written by a newer Fourwire, or is damaged. Does not change the
 * file.
 */
function inspect(path: string): void {
  const url = pathToFileURL(path)
  // Without `immutable`, even a read-only connection creates an empty journal. With `immutable`, SQLite does not read
  // an existing journal.
  if (!existsSync(`${path}-wal`)) url.search = '?immutable=1'
  const db = new DatabaseSync(url, { readOnly: true })
  try {
    versionOf(db)
    const [problem] = db.prepare('PRAGMA quick_check(1)').all()
    const found = String(problem?.['quick_check'])
    if (found !== 'ok') throw new Error(`it is damaged (${found.split('\n').at(-1)}); ${LEFT}`)
  } finally {
    db.close()
  }
}

function openWhole(path: string, found: FoundMark, report: (sentence: string) => void): File {
  const db = new DatabaseSync(path)
  try {
    // The lock prevents a second server from opening the log: a second server would give the same numbers to other
    // events. The kernel releases the lock when the process ends, even if the process is killed.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    // SQLite must not run checkpoints by itself: sqlite-log.ts runs each checkpoint and records it in the mark.
    db.exec('PRAGMA wal_autocheckpoint = 0')
    const version = versionOf(db)
    // `inspect` may have left the journal's index file `-shm`. The file `-shm` is not needed, because with an exclusive
    // lock SQLite keeps the index in memory.
    rmSync(`${path}-shm`, { force: true })
    if (version < MIGRATIONS.length) migrate(db, path, version, report)
    const isMarked = found.isThere || version >= FIRST_MARKED
    const epoch = (isMarked ? keepEpoch(db, path, found, report) : epochOf(db)) ?? beginEpoch(db)
    const events = eventsOf(db)
    const held = holdFiles(path)
    return { db, epoch, events, mark: openMark(path, epoch, events, held.look()), held }
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Returns the schema version of a file; 0 if the file is empty. Throws if the file belongs to another program or to a
 * newer Fourwire.
 */
function versionOf(db: DatabaseSync): number {
  const application = numberOf(db, 'application_id')
  const version = numberOf(db, 'user_version')
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all()
  const names = tables.map((table) => table['name'])
  const isFirst = application === 0 && version === 1 && FIRST_TABLES.every((name) => names.includes(name))
  const isEmpty = application === 0 && version === 0 && names.length === 0
  // A file without an `application_id` and with a higher version counts as a file of a newer Fourwire.
  const isOurs = application === APPLICATION_ID || (application === 0 && version > MIGRATIONS.length)
  if (!isFirst && !isEmpty && !isOurs) throw new Error(`it contains the tables of another program; ${NAME_ANOTHER}.`)
  if (version > MIGRATIONS.length)
    throw new Error(
      `it was written by a newer Fourwire (schema ${version}; this Fourwire supports schemas up to ${MIGRATIONS.length}) and was not changed; update Fourwire or ${NAME_ANOTHER}.`,
    )
  return version
}

function numberOf(db: DatabaseSync, pragma: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
}

/**
 * Runs each missing step as one commit. If the process is killed between two steps, the next start runs the other
 * steps.
 */
function migrate(db: DatabaseSync, path: string, from: number, report: (sentence: string) => void): void {
  const copy = from === 0 ? null : keepCopy(db, path, `${path}.v${from}.bak`)
  for (const [i, step] of [...MIGRATIONS.entries()].slice(from)) {
    db.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${i + 1}; COMMIT`)
  }
  if (copy !== null)
    report(`${path} was migrated from schema ${from} to ${MIGRATIONS.length}; a copy of the old file is in ${copy}.`)
}

/**
 * Copies the log's database and journal into one file with the permissions of the original. Returns the path of the
 * copy when the copy is safe on the disk.
 */
function keepCopy(db: DatabaseSync, original: string, name: string): string {
  const copy = claim(name, statSync(original).mode)
  try {
    db.prepare('VACUUM INTO ?').run(copy)
    const file = openSync(copy, 'r+')
    fsyncSync(file)
    closeSync(file)
    return copy
  } catch (cause) {
    rmSync(copy)
    throw new Error(`the server must copy it before it changes its layout, but the copy failed: ${trouble(cause)}`, {
      cause,
    })
  }
}

/**
 * Creates an empty file under an unused name, so that no earlier copy is overwritten. Returns the path of the new file.
 */
function claim(name: string, mode: number): string {
  for (let i = 1; ; i++) {
    const path = i === 1 ? name : `${name}.${i}`
    try {
      writeFileSync(path, '', { flag: 'wx' })
      chmodSync(path, mode)
      return path
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
}

/**
 * Returns the log's epoch. Returns null if the log has no epoch, or if the log may have lost events. The log must not
 * give the numbers of lost events to new events of the same epoch.
 */
function keepEpoch(
  db: DatabaseSync,
  path: string,
  found: FoundMark,
  report: (sentence: string) => void,
): string | null {
  const epoch = epochOf(db)
  const doubt = found.doubt(epoch, eventsOf(db))
  if (doubt === null) return epoch
  report(`${path} may have lost events, so every reader gets a gap: ${doubt}`)
  return null
}

function epochOf(db: DatabaseSync): string | null {
  const row = db.prepare('SELECT epoch FROM meta').get()
  return row ? String(row['epoch']) : null
}

function beginEpoch(db: DatabaseSync): string {
  const epoch = newEpoch()
  db.exec(`BEGIN IMMEDIATE; ${CLOSE_HOLES}`)
  db.exec('DELETE FROM meta')
  db.prepare('INSERT INTO meta (epoch) VALUES (?)').run(epoch)
  db.exec('COMMIT')
  return epoch
}

/**
 * SQL that deletes the events before the last hole in the numbers of each room. A hole appears if the database and the
 * journal come from different times. A reader would wait for ever at a hole.
 */
const CLOSE_HOLES = `
  WITH run AS MATERIALIZED (
    SELECT room, max(seq) AS first FROM event AS this
    WHERE NOT EXISTS (SELECT 1 FROM event WHERE room = this.room AND seq = this.seq - 1) GROUP BY room
  )
  DELETE FROM event WHERE seq < (SELECT first FROM run WHERE run.room = event.room);
  INSERT INTO room (name, last) SELECT room, max(seq) FROM event WHERE true GROUP BY room
  ON CONFLICT (name) DO UPDATE SET last = excluded.last;`

function eventsOf(db: DatabaseSync): number {
  return Number(db.prepare('SELECT total(last) AS events FROM room').get()?.['events'])
}
