/**
 * Checks that the event log's files are still the files that the server opened and wrote. On most systems another
 * program can delete or overwrite a file while the server uses the file. Without this check, the server would get no
 * error when it writes to a deleted file, and the file's content would be lost when the process ends.
 */
import { realpathSync, renameSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { basename } from 'node:path'
import { trouble } from './trouble.ts'

export interface HeldFiles {
  /**
   * Records the current state of the files. The server calls `look` after it has written to the files. Returns null if
   * a file was deleted, moved or replaced.
   */
  look(): LogFiles | null
  /** Compares the files with the state that `look` recorded last. Returns null if no file has changed. */
  missing(): Missing | null
  /**
   * Calls `close`, which deletes the file at the path of the journal. If another program has put a file at this path,
   * `spare` moves that file away before the call and moves the file back after the call.
   */
  spare(close: () => void): void
}

export interface Missing {
  /** A sentence that names the missing or changed file, says what happened to the file, and says what to do. */
  readonly why: string
  /** True if only the journal is missing. SQLite can then still write the journal's content to the database. */
  readonly isOnlyJournal: boolean
}

/** A log's database and its journal. */
export interface LogFiles {
  readonly db: BigIntStats | undefined
  readonly wal: BigIntStats | undefined
}

/**
 * True if the system updates a file's modification time at each write. Windows updates the modification time only when
 * the file is closed, or when the process that opened the file ends.
 */
export const HAS_CHANGE_TIMES = process.platform !== 'win32'

export const walOf = (file: string): string => `${file}-wal`

export const lookAt = (file: string): BigIntStats | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })

export const filesOf = (file: string): LogFiles => ({ db: lookAt(file), wal: lookAt(walOf(file)) })

/** Starts to check a log's database and journal. Call `holdFiles` when SQLite has opened both files. */
export function holdFiles(path: string): HeldFiles {
  const file = realpathSync(path)
  let { db, wal } = filesOf(file)

  return {
    look() {
      const now = filesOf(file)
      if (isSame(now.db, db)) db = now.db
      if (isSame(now.wal, wal)) wal = now.wal
      return db === now.db && wal === now.wal ? now : null
    },
    missing() {
      try {
        const now = filesOf(file)
        if (!isSame(now.db, db)) return { why: `${basename(file)} ${GONE}`, isOnlyJournal: false }
        // Between two checkpoints the server writes nothing to the database, and the journal only grows.
        if (isChanged(now.db, db)) return { why: `${basename(file)} ${CHANGED}`, isOnlyJournal: false }
        if (!isSame(now.wal, wal)) return { why: `${basename(walOf(file))} ${GONE}`, isOnlyJournal: true }
        if (isShorter(now.wal, wal)) return { why: `${basename(walOf(file))} ${CHANGED}`, isOnlyJournal: false }
        return null
      } catch (error) {
        return { why: trouble(error), isOnlyJournal: false }
      }
    },
    spare(close) {
      const there = lookAt(walOf(file))
      if (!there || isSame(there, wal)) return close()
      const aside = `${walOf(file)}.${process.pid}`
      renameSync(walOf(file), aside)
      try {
        close()
      } finally {
        renameSync(aside, walOf(file))
      }
    },
  }
}

const GONE = 'was deleted, moved or replaced while the server used it; move the same file back, or restart the server.'

const CHANGED = 'was written to by another program while the server used it; restart the server.'

function isSame(now: BigIntStats | undefined, then: BigIntStats | undefined): boolean {
  return now !== undefined && now.ino === then?.ino && now.dev === then.dev
}

function isChanged(now: BigIntStats | undefined, then: BigIntStats | undefined): boolean {
  return now?.size !== then?.size || (HAS_CHANGE_TIMES && now?.mtimeNs !== then?.mtimeNs)
}

const isShorter = (now: BigIntStats | undefined, then: BigIntStats | undefined): boolean =>
  now !== undefined && then !== undefined && now.size < then.size
