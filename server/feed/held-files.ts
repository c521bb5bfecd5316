/**
 * Checks that the event log's files are still the files that the server opened and wrote. On most systems another
 * program can delete or overwrite a file in use. The server would then write, without an error, into a file that
 * disappears when the process ends.
 */
import { realpathSync, renameSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { basename } from 'node:path'
import { trouble } from './trouble.ts'

export interface HeldFiles {
  /**
   * Records the current state of the files, after the server has written to them. Returns null if a file is no longer
   * in its place.
   */
  look(): LogFiles | null
  /** Compares the files with the state that `look` recorded last. Returns null if nothing has changed. */
  missing(): Missing | null
  /**
   * Calls `close`, which deletes the file at the path of the journal. If another program has put a file there, that
   * file is moved away before and moved back after.
   */
  spare(close: () => void): void
}

export interface Missing {
  /** Names the missing or changed file, states what happened to it, and says what to do. */
  readonly why: string
  /** True if only the journal is missing. Its content can then still be written to the database. */
  readonly isOnlyJournal: boolean
}

/** A log's database and its journal. */
export interface LogFiles {
  readonly db: BigIntStats | undefined
  readonly wal: BigIntStats | undefined
}

/**
 * True if the system updates a file's modification time at each write. Windows does so only when the file is closed, or
 * when its process ends.
 */
export const HAS_CHANGE_TIMES = process.platform !== 'win32'

export const walOf = (file: string): string => `${file}-wal`

export const lookAt = (file: string): BigIntStats | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })

export const filesOf = (file: string): LogFiles => ({ db: lookAt(file), wal: lookAt(walOf(file)) })

/** Starts to watch a log's two files. Call it when both are open. */
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
