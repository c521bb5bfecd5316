import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { Event } from '../protocol/feed.ts'
import { collectAppends, isFresh } from './appends.ts'
import type { AppendResult, WaitingAppend } from './appends.ts'
import { cursorOf } from './cursor.ts'
import type { LogFiles, Missing } from './held-files.ts'
import { KeyReused, fingerprintOf } from './keys.ts'
import { LogUnavailable, RETENTION, STATE_AGE_MS, removed } from './log.ts'
import type { Extent, Log, Retention } from './log.ts'
import { openFile } from './sqlite-file.ts'
import { trouble } from './trouble.ts'

/**
 * Time between two searches for expired events. The operator sets the maximum age in hours, so a minute is precise
 * enough.
 */
const AGE_CHECK_MS = 60_000

/** Size of the journal above which the log runs a checkpoint. SQLite's default is the same size: 1,000 pages. */
const MOST_WAL_BYTES = 4 * 1024 * 1024

/** Writes the journal's content to the database and empties the journal. */
const CHECKPOINT = 'PRAGMA wal_checkpoint(TRUNCATE)'

/** Writes the journal's content to the database and leaves the journal unchanged. */
const SAVE = 'PRAGMA wal_checkpoint(PASSIVE)'

/**
 * Opens the durable log: one SQLite file in WAL mode. All appends of one turn of the event loop are one commit. If the
 * process is killed, no acknowledged event is lost, because the kernel already has the commit. A power cut can destroy
 * the last commits. It always destroys a commit as a whole. SQLite guarantees this with `synchronous = NORMAL`, which
 * needs no fsync for each commit. A power cut may destroy events, and so may a person who puts an older copy in the
 * file's place. If this may have happened, the log gets a new epoch (mark.ts).
 *
 * If another program deletes or replaces the log's files while the log is open, the log refuses writes, but readers can
 * still read it.
 *
 * Throws if the file cannot be opened, is damaged or in use, or belongs to another program or to a newer Fourwire.
 * Calls `report` with a sentence about a migration, and with a sentence if the log may have lost events.
 */
export function sqliteLog(
  path: string,
  retention: Retention = RETENTION,
  report: (sentence: string) => void = () => {},
): Log {
  const { db, epoch, mark, held, ...file } = openFile(path, report)
  const sql = statements(db)
  const { append, onCommit, commit, close } = collectAppends(write)
  /** Number of events ever appended to the log, in all rooms. */
  let { events } = file
  /** Wall-clock time of the latest event. This time never decreases, even if somebody sets the clock back. */
  let keptAtMs = Number(sql.latest.get()?.['at'] ?? 0)
  let isSaved = false
  let checkpointSoon: NodeJS.Immediate | null = null
  let closed = false

  forgetOld()
  const ageCheck = setInterval(forgetOld, AGE_CHECK_MS).unref()

  return {
    epoch,
    append,
    read: reading((room, afterSeq, limit) => sql.read.all(room, afterSeq, limit).map(eventOf)),
    extent: reading((room): Extent => {
      const last = lastOf(room)
      const first = sql.first.get(room)?.['first']
      return { first: first == null ? last + 1 : Number(first), last }
    }),
    async clear(room) {
      // Commit the waiting appends first, because callers made these appends before this call.
      commit()
      try {
        transact(0, () => {
          sql.forgetUpTo.run(room, lastOf(room))
          sql.dropState.run(room)
          return 0
        })
      } catch (error) {
        throw new LogUnavailable(takesNoWrites(trouble(error)), { cause: error })
      }
    },
    states: {
      async remove(room, isRemoved) {
        // Commit the waiting appends first, because this call may have to remove their events too.
        commit()
        let count = 0
        try {
          transact(0, () => {
            for (const row of sql.all.all(room)) {
              const event = eventOf(row)
              if (!isRemoved(event)) continue
              sql.replace.run(JSON.stringify(removed(event)), room, Number(row['seq']))
              count += 1
            }
            return 0
          })
          return count
        } catch (error) {
          throw new LogUnavailable(takesNoWrites(trouble(error)), { cause: error })
        }
      },
      get: reading((room) => {
        const text = sql.state.get(room)?.['text']
        return { text: text == null ? null : String(text), last: lastOf(room) }
      }),
      count: reading(() => Number(sql.states.get()?.['count'])),
      list: reading(() =>
        sql.stateSizes.all().map(({ room: name, bytes, at }) => ({
          room: String(name),
          bytes: Number(bytes),
          at: Number(at),
        })),
      ),
      earlier: reading((room, user, key, asked) => {
        const found = find(room, user, key, asked)
        if (found instanceof KeyReused) throw found
        return found
      }),
    },
    onCommit,
    trouble() {
      const missing = findMissing()
      return missing === null ? null : takesNoWrites(missing.why)
    },
    async close() {
      if (closed) return
      close()
      closed = true
      clearInterval(ageCheck)
      if (held.missing() === null) {
        mark.beginCheckpoint()
        db.close()
        mark.end(events)
      } else {
        held.spare(() => db.close())
        mark.leave()
      }
    },
  }

  function write(group: readonly WaitingAppend[]): readonly AppendResult[] {
    let results: readonly AppendResult[] = []
    try {
      transact(group.length, () => {
        results = group.map(insert)
        for (const room of new Set(group.map((one) => one.room)))
          sql.forgetUpTo.run(room, lastOf(room) - retention.events)
        return results.filter(isFresh).length
      })
    } catch (error) {
      throw new LogUnavailable(takesNoWrites(trouble(error)), { cause: error })
    }
    return results
  }

  /** Runs `work` as one commit. `work` returns the number of events that `work` has appended, at most `most`. */
  function transact(most: number, work: () => number): void {
    mark.beginCommit(events + most)
    try {
      db.exec('BEGIN IMMEDIATE')
      const appended = work()
      // Check the files as late as possible: if the log commits events to a deleted file, the events are lost when the
      // process ends.
      const missing = held.missing()
      if (missing !== null) throw new Error(missing.why)
      db.exec('COMMIT')
      events += appended
    } catch (error) {
      rollBack()
      settle(findMissing() === null)
      throw error
    }
    const files = settle()
    if (files?.wal && files.wal.size > MOST_WAL_BYTES) checkpointSoon ??= setImmediate(checkpoint)
  }

  /**
   * Checks the files. If only the journal is missing, writes the journal's content to the database at once, so that no
   * event is lost.
   */
  function findMissing(): Missing | null {
    const missing = held.missing()
    if (missing?.isOnlyJournal && !isSaved && !closed) {
      attempt(SAVE)
      held.look()
    }
    isSaved = missing !== null
    return missing
  }

  /**
   * Updates the mark after a commit or checkpoint. If the update fails, the mark's file still contains what
   * `beginCommit` or `beginCheckpoint` has written. That mark matches the log before and after the commit or
   * checkpoint.
   */
  function settle(isInPlace = true): LogFiles | null {
    try {
      const files = isInPlace ? held.look() : null
      mark.settle(events, files)
      return files
    } catch {
      return null
    }
  }

  /**
   * Runs a checkpoint between two commits. SQLite's automatic checkpoint would run as a part of a commit, and the
   * publishers of that commit would wait longer for the disk.
   */
  function checkpoint(): void {
    checkpointSoon = null
    if (closed || held.missing() !== null) return
    try {
      mark.beginCheckpoint()
      db.exec(CHECKPOINT)
    } catch {
      // The checkpoint can fail, for example on a full disk. Commits then still make the journal longer, until the disk
      // has no space left.
    }
    settle()
  }

  /** Rolls back the transaction, unless SQLite has already rolled it back. Ignores an error of the rollback. */
  function rollBack(): void {
    if (db.isTransaction) attempt('ROLLBACK')
  }

  function attempt(statement: string): void {
    try {
      db.exec(statement)
    } catch {}
  }

  function insert({ room, draft, at, key, state, asked }: WaitingAppend): AppendResult {
    const earlier = key === undefined ? undefined : find(room, draft.user, key, asked)
    if (earlier instanceof KeyReused) return earlier
    if (earlier) return { event: earlier, repeated: true }
    const seq = lastOf(room) + 1
    const event: Event = { id: cursorOf(epoch, seq), room, at, ...draft }
    sql.setLast.run(room, seq)
    const owned = key === undefined ? [null, '', null] : [key, draft.user ?? '', fingerprintOf(asked)]
    keptAtMs = Math.max(keptAtMs, Date.now())
    sql.insert.run(room, seq, keptAtMs, JSON.stringify(event), ...owned)
    if (state === null) sql.dropState.run(room)
    else if (state !== undefined) sql.setState.run(room, state, keptAtMs)
    return { event, repeated: false }
  }

  function find(room: string, user: string | undefined, key: string, asked: object): Event | KeyReused | undefined {
    const row = sql.byKey.get(room, user ?? '', key)
    if (!row) return undefined
    // A key that an earlier Fourwire stored before schema 4 has no fingerprint.
    const isSame = row['fingerprint'] === null || row['fingerprint'] === fingerprintOf(asked)
    return isSame ? eventOf(row) : new KeyReused(key, user)
  }

  /** Parses a stored event. Builds the event's id from the log's current epoch and the event's stored number. */
  function eventOf(row: Record<string, SQLOutputValue>): Event {
    return { ...JSON.parse(String(row['json'])), id: cursorOf(epoch, Number(row['seq'])) }
  }

  function lastOf(room: string): number {
    return Number(sql.last.get(room)?.['last'] ?? 0)
  }

  /**
   * Deletes expired events and states. Ignores an error, for example a full disk, because the next publish reports the
   * same error.
   */
  function forgetOld(): void {
    try {
      transact(0, () => {
        // The log also deletes all events before an expired event, because they are older, even if their stored times
        // are wrong.
        for (const row of sql.tooOld.all(Date.now() - retention.ageMs))
          sql.forgetUpTo.run(String(row['room']), Number(row['seq']))
        sql.forgetOldStates.run(Date.now() - (retention.stateAgeMs ?? STATE_AGE_MS))
        return 0
      })
    } catch {}
  }
}

function statements(db: DatabaseSync) {
  return {
    insert: db.prepare('INSERT INTO event (room, seq, at, json, key, user, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?)'),
    read: db.prepare('SELECT seq, json FROM event WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?'),
    byKey: db.prepare('SELECT seq, json, fingerprint FROM event WHERE room = ? AND user = ? AND key = ?'),
    all: db.prepare('SELECT seq, json FROM event WHERE room = ? ORDER BY seq'),
    replace: db.prepare('UPDATE event SET json = ? WHERE room = ? AND seq = ?'),
    first: db.prepare('SELECT min(seq) AS first FROM event WHERE room = ?'),
    last: db.prepare('SELECT last FROM room WHERE name = ?'),
    setLast: db.prepare(
      'INSERT INTO room (name, last) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last',
    ),
    state: db.prepare('SELECT text FROM state WHERE room = ?'),
    setState: db.prepare(
      'INSERT INTO state (room, text, at) VALUES (?, ?, ?) ON CONFLICT (room) DO UPDATE SET text = excluded.text, at = excluded.at',
    ),
    states: db.prepare('SELECT count(*) AS count FROM state'),
    stateSizes: db.prepare('SELECT room, octet_length(text) AS bytes, at FROM state'),
    forgetOldStates: db.prepare('DELETE FROM state WHERE at < ?'),
    dropState: db.prepare('DELETE FROM state WHERE room = ?'),
    forgetUpTo: db.prepare('DELETE FROM event WHERE room = ? AND seq <= ?'),
    tooOld: db.prepare('SELECT room, max(seq) AS seq FROM event WHERE at < ? GROUP BY room'),
    latest: db.prepare('SELECT max(at) AS at FROM event'),
  }
}

/** Turns an error of `read` into `LogUnavailable`, because a failing disk is not a defect of this server. */
function reading<Asked extends unknown[], Found>(
  read: (...asked: Asked) => Found,
): (...asked: Asked) => Promise<Found> {
  return async (...asked) => {
    try {
      return read(...asked)
    } catch (error) {
      if (error instanceof KeyReused) throw error
      throw new LogUnavailable(`The event log cannot be read: ${trouble(error)}`, { cause: error })
    }
  }
}

const takesNoWrites = (why: string): string => `The event log cannot be written: ${why}`
