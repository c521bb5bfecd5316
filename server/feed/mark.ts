/**
 * Mark of an event log: a small file beside the log. It stores how many events were acknowledged and what the log's
 * files looked like then. A log cannot prove that it is the latest: an older copy, or a log that lost its last
 * commits in a power cut, is intact too. Such a log would give the numbers of the lost events to new events.
 *
 * The mark is written before and after each commit. So it is correct even if the process is killed in the middle of a
 * commit. No program can set the time at which a file was last changed (`ctime`). So the server also notices a mark
 * that was copied or restored together with its log.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, realpathSync, writeSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { uptime } from 'node:os'
import { basename } from 'node:path'
import { HAS_CHANGE_TIMES, filesOf, lookAt, walOf } from './held-files.ts'
import type { LogFiles } from './held-files.ts'

/** Mark as it was found before the log was opened. */
export interface FoundMark {
  readonly isThere: boolean
  /**
   * Returns the end of a sentence that says why the log may have lost events; null if it is the log for which the
   * mark was written. `epoch`: the log's epoch, or null for an empty log.
   */
  doubt(epoch: string | null, events: number): string | null
}

export interface LogMark {
  /** Notes that a commit to the journal begins. `most`: the largest number of events in the log after it. */
  beginCommit(most: number): void
  /** Notes that the journal's content is about to be written to the database. */
  beginCheckpoint(): void
  /**
   * Notes that the write is over. `events`: the number of events in the log's life. `files`: null if a file is
   * missing.
   */
  settle(events: number, files: LogFiles | null): void
  /** Notes that the log is closed. The log and its mark are safe on the disk when this returns. */
  end(events: number): void
  /** Closes the mark's file and leaves it as it is. */
  leave(): void
}

interface Written {
  readonly epoch: string
  /** Identifies one start of the computer. Writes from before a restart may be lost. */
  readonly boot: string
  readonly isClosed: boolean
  /** Number of events in the log's life. */
  readonly events: number
  /** Largest number of events after the commit in progress. */
  readonly most: number
  /** File that was being written, so that its condition is unknown. */
  readonly writing: 'wal' | 'db' | null
  /** Identity and last change of each file. Null if it does not exist or if the journal is empty. */
  readonly db: string | null
  readonly wal: string | null
}

/** Length of every mark, so that a mark replaces the earlier one in one write. */
const LENGTH = 512

/** Reads the mark of a log. Call it before the log is opened: opening changes the files. */
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
    // After a checkpoint the journal is empty.
    const isWal = mark.writing === 'wal' || mark.wal === wal || (mark.writing === 'db' && wal === null)
    return isDb && isWal
  }
}

/** Creates or opens the mark. Call it when the log is open and locked for this process. */
export function openMark(path: string, epoch: string, events: number, files: LogFiles | null): LogMark {
  const file = realpathSync(path)
  const boot = thisBoot()
  const opened = openSync(markOf(file), constants.O_RDWR | constants.O_CREAT)
  let settled: Written
  settle(events, files)
  // Without this, a power cut could leave the mark of the last close together with a later log.
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
    // If a file is missing, the mark must not match another file that is later put in its place.
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

/** Identifies both files. The journal is identified by its `mtime`: SQLite as root sets its owner, which changes its `ctime`. */
function identify({ db, wal }: LogFiles): [db: string | null, wal: string | null] {
  return [db && db.size > 0n ? idOf(db, db.ctimeNs) : null, wal && wal.size > 0n ? idOf(wal, wal.mtimeNs) : null]
}

const idOf = ({ ino, size }: BigIntStats, changedNs: bigint): string =>
  HAS_CHANGE_TIMES ? `${ino}-${size}-${changedNs}` : `${ino}-${size}`

const TOLERANCE_NS = 2_000_000n

/** Returns true if the last change of a file was a write. Restoring a file with its old `mtime` sets a later `ctime`. */
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
 * Returns an id of this start of the computer. Linux provides such an id. On other systems it is the time of the
 * start in seconds since 1970.
 */
function thisBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return String(Math.round(Date.now() / 1000 - uptime()))
  }
}

const isSameBoot = (a: string, b: string): boolean => a === b || Math.abs(Number(a) - Number(b)) < BOOT_TOLERANCE_S
