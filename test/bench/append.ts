/**
 * Measures the cost of an append to the log's file, compared with the same commits by SQLite alone: without the mark and
 * the check of the files, and with an fsync for each commit, which the mark makes unnecessary.
 *
 *   node test/bench/append.ts [appends of each kind in each of 10 rounds]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'

const ROUNDS = 10
const TOGETHER = 100

const appends = Number(process.argv[2] ?? 300)
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}`)

const folder = mkdtempSync(join(tmpdir(), 'fourwire-append-'))
const say = { type: 'message', user: 'Ada', text: 'x'.repeat(100) } as const

type Append = () => Promise<unknown>

const log = sqliteLog(join(folder, 'log.db'))
const [plain, closePlain] = bare('NORMAL')
const [synced, closeSynced] = bare('FULL')
const kinds: readonly [string, Append][] = [
  ['the log', () => log.append('a', say)],
  ['SQLite alone', plain],
  ['SQLite with an fsync', synced],
  [
    `the log, ${TOGETHER} at once, each`,
    () => Promise.all(Array.from({ length: TOGETHER }, () => log.append('a', say))),
  ],
]
const ms = new Map<string, number[]>(kinds.map(([kind]) => [kind, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [kind, append] of kinds) {
    for (let i = 0; i < appends; i++) {
      const began = performance.now()
      await append()
      ms.get(kind)?.push(performance.now() - began)
    }
  }
}
for (const [kind, all] of ms) {
  const share = kind.includes('each') ? TOGETHER : 1
  const [p50, p99] = [0.5, 0.99].map((p) => (quantile(all, p) / share).toFixed(3))
  console.log(`${kind}: p50 ${p50} ms, p99 ${p99} ms (n ${all.length})`)
}
console.log(`load ${loadavg()[0]?.toFixed(1)}`)
await log.close()
closePlain()
closeSynced()
rmSync(folder, { recursive: true })

/** Statements that the log runs for an append. */
function bare(synchronous: 'NORMAL' | 'FULL'): readonly [Append, () => void] {
  const db = new DatabaseSync(join(folder, `${synchronous}.db`))
  db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
    CREATE TABLE room (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE event (room TEXT, seq INTEGER, at REAL, json TEXT, PRIMARY KEY (room, seq)) WITHOUT ROWID;
    CREATE INDEX event_at ON event (at);
    INSERT INTO room VALUES ('a', 0)`)
  const last = db.prepare('SELECT last FROM room WHERE name = ?')
  const setLast = db.prepare('UPDATE room SET last = ? WHERE name = ?')
  const insert = db.prepare('INSERT INTO event VALUES (?, ?, ?, ?)')
  const forget = db.prepare('DELETE FROM event WHERE room = ? AND seq <= ?')
  const append = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    db.exec('BEGIN IMMEDIATE')
    const seq = Number(last.get('a')?.['last']) + 1
    setLast.run(seq, 'a')
    insert.run('a', seq, Date.now(), JSON.stringify({ id: `abc123.${seq}`, room: 'a', at: Date.now(), ...say }))
    forget.run('a', seq - 10_000)
    db.exec('COMMIT')
  }
  return [append, () => db.close()]
}

function quantile(all: readonly number[], p: number): number {
  return all.toSorted((a, b) => a - b)[Math.floor(p * all.length)] ?? Number.NaN
}
