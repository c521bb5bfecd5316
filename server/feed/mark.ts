/**
 * The mark of an event log: a small file beside the log. The mark stores how many events the server has acknowledged,
 * and the identity, size and last change of the log's files at that time. With the mark, the server notices at a start
 * that acknowledged events are missing. The log alone does not show that events are missing: an older copy of a log is
 * intact, and a log that lost its last commits in a power cut is intact too. A log that lost events would give the
 * numbers of the lost events to new events.
 *
 * The server writes the mark before and after each commit. So the mark is correct even if the process is killed in the
 * middle of a commit. Programs cannot choose the time at which the system last changed a file (`ctime`). So the server
 * also notices if somebody copied or restored the mark together with its log.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, realpathSync, writeSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { uptime } from 'node:os'
import { basename } from 'node:path'
import { HAS_CHANGE_TIMES, filesOf, lookAt, walOf } from './held-files.ts'
import type { LogFiles } from './held-files.ts'

/** The mark that the server found before it opened the log. */
export interface FoundMark {
  readonly isThere: boolean
  /**
   * Compares the log with the mark. If the log may have lost events, returns the end of a sentence that gives the
   * reason. Returns null if the log matches the mark. `epoch`: the log's epoch, or null for an empty log.
   */
  doubt(epoch: string | null, events: number): string | null
}

export interface LogMark {
  /** Notes that a commit to the journal begins. `most`: the largest possible `events` of the log after this commit. */
  beginCommit(most: number): void
  /** Notes that SQLite is about to write the journal's content to the database. */
  beginCheckpoint(): void
  /**
   * Notes that a commit or checkpoint has ended. `events`: the number of events ever appended to the log. `files`: null
   * if a file is missing.
   */
  settle(events: number, files: LogFiles | null): void
  /** Notes that the log is closed. When `end` returns, the log and its mark are safe on the disk. */
  end(events: number): void
  /** Closes the mark's file and does not change its content. */
  leave(): void
}

interface Written {
  readonly epoch: string
  /** Id of one start of the computer. If the computer restarted, the system may have lost earlier writes. */
  readonly boot: string
  readonly isClosed: boolean
  /** Number of events ever appended to the log, in all rooms. */
  readonly events: number
  /** Largest possible value of `events` after the commit in progress. */
  readonly most: number
  /** File to which SQLite is writing, so that the size and last change of this file are unknown. */
  readonly writing: 'wal' | 'db' | null
  /** Identity, size and last change of each file. Null if the file does not exist or is empty. */
  readonly db: string | null
  readonly wal: string | null
}

/** Length in bytes of every mark. All marks have the same length, so one write replaces the earlier mark completely. */
const LENGTH = 512

/** Reads the mark of a log. Call `findMark` before SQLite opens the log, because SQLite changes the files then. */
export function findMark(path: string): FoundMark {
  const file = lookAt(path) ? realpathSync(path) : path
  const mark = read(markOf(file))
  const isUntouched = wasWrittenLast(lookAt(markOf(file)))
  const [db, wal] = identify(filesOf(file))

  return {
    isThere: mark !== null,
    doubt(epoch, events) {
      if (mark === null) return `${basename(markOf(file))} is missing or damaged.`
      if ((epoch === null || epoch === mark.epoch) && events < Number(mark.events))
        return `${mark.events} events were acknowledged, but the log contains only ${events}.`
      if (mark.isClosed !== true && !isSameBoot(mark.boot ?? '', thisBoot()))
        return 'the computer was restarted before the log was closed.'
      return isUntouched && epoch === mark.epoch && events <= Number(mark.most) && hasSameFiles(mark)
        ? null
        : 'the files of the log were changed, copied or restored after their last use.'
    },
  }

  function hasSameFiles(mark: Partial<Written>): boolean {
    const isDb = mark.writing === 'db' || mark.db === db
    // A checkpoint ends with an empty journal.
    const isWal = mark.writing === 'wal' || mark.wal === wal || (mark.writing === 'db' && wal === null)
    return isDb && isWal
  }
}

/** Creates or opens the mark. Call `openMark` when this process has opened and locked the log. */
export function openMark(path: string, epoch: string, events: number, files: LogFiles | null): LogMark {
  const file = realpathSync(path)
  const boot = thisBoot()
  const opened = openSync(markOf(file), constants.O_RDWR | constants.O_CREAT)
  let settled: Written
  settle(events, files)
  // Without this fsync, the disk could have a later log and still the mark of the last close after a power cut.
  fsyncSync(opened)

  return {
    beginCommit: (most) => write({ ...settled, most, writing: 'wal' }),
    beginCheckpoint: () => write({ ...settled, writing: 'db' }),
    settle,
    end(events) {
      for (const name of [file, walOf(file)]) if (lookAt(name)) sync(name)
      const [db, wal] = identify(filesOf(file))
      write({ epoch, boot, isClosed: true, events, most: events, writing: null, db, wal })
      fsyncSync(opened)
      closeSync(opened)
    },
    leave: () => closeSync(opened),
  }

  function settle(events: number, files: LogFiles | null): void {
    // If a file is missing, the mark must not match another file that somebody later puts in its place.
    const [db, wal] = files ? identify(files) : ['gone', 'gone']
    settled = { epoch, boot, isClosed: false, events, most: events, writing: null, db, wal }
    write(settled)
  }

  function write(mark: Written): void {
    writeSync(opened, `${JSON.stringify(mark).padEnd(LENGTH - 1)}\n`, 0)
  }
}

const markOf = (file: string): string => `${file}-mark`

function read(name: string): Partial<Written> | null {
  try {
    const mark: unknown = JSON.parse(readFileSync(name, 'utf8'))
    return typeof mark === 'object' ? mark : null
  } catch {
    return null
  }
}

/**
 * Returns an id of the database and an id of the journal. The journal's id uses `mtime` instead of `ctime`: if SQLite
 * runs as root, it sets the journal's owner, and this changes the journal's `ctime`.
 */
function identify({ db, wal }: LogFiles): [db: string | null, wal: string | null] {
  return [db && db.size > 0n ? idOf(db, db.ctimeNs) : null, wal && wal.size > 0n ? idOf(wal, wal.mtimeNs) : null]
}

const idOf = ({ ino, size }: BigIntStats, changedNs: bigint): string =>
  HAS_CHANGE_TIMES ? `${ino}-${size}-${changedNs}` : `${ino}-${size}`

const TOLERANCE_NS = 2_000_000n

/**
 * Returns true if the last change of a file was a write. If a program restores a file with its old `mtime`, the system
 * sets a later `ctime`.
 */
function wasWrittenLast(stats: BigIntStats | undefined): boolean {
  return !HAS_CHANGE_TIMES || (stats !== undefined && stats.ctimeNs - stats.mtimeNs < TOLERANCE_NS)
}

function sync(file: string): void {
  const opened = openSync(file, 'r+')
  fsyncSync(opened)
  closeSync(opened)
}

const BOOT_TOLERANCE_S = 10

/**
 * Returns an id of the computer's last start. Linux provides a random id for each start. On other systems, the id is
 * the time of the start in seconds since 1970.
 */
function thisBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return String(Math.round(Date.now() / 1000 - uptime()))
  }
}

const isSameBoot = (a: string, b: string): boolean => a === b || Math.abs(Number(a) - Number(b)) < BOOT_TOLERANCE_S
