/**
 * Opens the event log's file: looks whether it is one and whole, takes it for this process alone,
 * and brings it to the present layout. Whatever is wrong is said, and the file left as it was.
 *
 * Only SQLite ever opens the file: where a process closes any other descriptor of a file, POSIX
 * takes all of its locks on that file away.
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
import { APPLICATION_ID, FIRST_TABLES, MIGRATIONS } from './migrations.ts'
import { LEFT, NAME_ANOTHER, codeOf, trouble } from './trouble.ts'

interface File {
  readonly db: DatabaseSync
  /** As long as the file is kept. */
  readonly epoch: string
}

/** Throws an error that names the file, says what is wrong with it and what to do. `told`: of a migration, in a sentence. */
export function openFile(path: string, told: (sentence: string) => void): File {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw new Error(`it is a folder; ${NAME_ANOTHER}.`)
    // SQLite would open what cannot be written read-only, and fail later on.
    accessSync(dirname(path), constants.W_OK)
    if (found) accessSync(path, constants.W_OK)
    if (found && found.size > 0) inspect(path)
    return openWhole(path, told)
  } catch (error) {
    throw new Error(`${path} cannot be used as the event log: ${trouble(error)}`, { cause: error })
  }
}

/** Touches nothing, for what lies there may not be ours, or not be whole. */
function inspect(path: string): void {
  const url = pathToFileURL(path)
  // Read-only alone makes an empty journal beside the file. One that is there has to be read.
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

function openWhole(path: string, told: (sentence: string) => void): File {
  const db = new DatabaseSync(path)
  try {
    // One server at a time: a second one would give out the same numbers. The kernel takes the
    // lock back when the process ends, however it ends.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const version = versionOf(db)
    // Left by the look at the file; whoever has the file alone keeps this index in memory.
    rmSync(`${path}-shm`, { force: true })
    if (version < MIGRATIONS.length) migrate(db, path, version, told)
    return { db, epoch: epochOf(db) }
  } catch (error) {
    db.close()
    throw error
  }
}

/** 0 where there is nothing in it. Throws where the file is another program's or a newer Fourwire's. */
function versionOf(db: DatabaseSync): number {
  const application = numberOf(db, 'application_id')
  const version = numberOf(db, 'user_version')
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all()
  const names = tables.map((table) => table['name'])
  const isFirst = application === 0 && version === 1 && FIRST_TABLES.every((name) => names.includes(name))
  const isNothing = application === 0 && version === 0 && names.length === 0
  // Without an id of its own, a number above ours is taken for a Fourwire's rather than for a stranger's.
  const isOurs = application === APPLICATION_ID || (application === 0 && version > MIGRATIONS.length)
  if (!isFirst && !isNothing && !isOurs) throw new Error(`it holds another program's tables; ${NAME_ANOTHER}.`)
  if (version > MIGRATIONS.length)
    throw new Error(
      `it was written by a newer Fourwire (schema ${version}, this one knows ${MIGRATIONS.length}) and was left as it is; update Fourwire or ${NAME_ANOTHER}.`,
    )
  return version
}

function numberOf(db: DatabaseSync, pragma: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
}

/** Each step is a commit: a process that is killed between two goes on from there. */
function migrate(db: DatabaseSync, path: string, from: number, told: (sentence: string) => void): void {
  const copy = from === 0 ? null : keepCopy(db, path, `${path}.v${from}.bak`)
  for (const [i, step] of [...MIGRATIONS.entries()].slice(from)) {
    db.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${i + 1}; COMMIT`)
  }
  if (copy !== null)
    told(`${path} was brought from schema ${from} to ${MIGRATIONS.length}; as it was it is kept in ${copy}.`)
}

/** Of the whole log, journal included, as safe on the disk and as private as the original. Answers where it is. */
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
    throw new Error(`before its layout is changed a copy has to be kept, and could not: ${trouble(cause)}`, { cause })
  }
}

/** An empty file of a name that is not taken yet: an earlier copy is never written over. */
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

function epochOf(db: DatabaseSync): string {
  const known = db.prepare('SELECT epoch FROM meta').get()
  if (known) return String(known['epoch'])
  const epoch = newEpoch()
  db.prepare('INSERT INTO meta (epoch) VALUES (?)').run(epoch)
  return epoch
}
