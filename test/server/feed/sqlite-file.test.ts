/** Files that can be in the place of the event log, and how the server treats them. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { MIGRATIONS } from '../../../server/feed/migrations.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'

const LATEST = MIGRATIONS.length

const root = await mkdtemp(join(tmpdir(), 'fourwire-file-'))
afterAll(() => rm(root, { recursive: true }))

let folder = ''
let file = ''
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
  file = join(folder, 'feed.db')
})

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

/** Writes a file as version 0.1.0 does. These statements are copied from it and must not change. */
function writeFirstLayout(path: string): void {
  const db = new DatabaseSync(path)
  db.exec(`
    PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    BEGIN;
    CREATE TABLE meta (epoch TEXT NOT NULL);
    CREATE TABLE room (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE event (
      room TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, key TEXT, json TEXT NOT NULL,
      PRIMARY KEY (room, seq)
    ) WITHOUT ROWID;
    CREATE INDEX event_at ON event (at);
    CREATE UNIQUE INDEX event_key ON event (room, key) WHERE key IS NOT NULL;
    PRAGMA user_version = 1;
    COMMIT;
    INSERT INTO meta VALUES ('abc123');
    INSERT INTO room VALUES ('a', 2);`)
  const insert = db.prepare('INSERT INTO event (room, seq, at, key, json) VALUES (?, ?, ?, ?, ?)')
  const at = Date.now() - 1000
  for (const [seq, key] of [
    [1, 'key'],
    [2, null],
  ] as const) {
    const event = { id: `abc123.${seq}`, room: 'a', at, type: 'message', user: 'Ada', text: String(seq) }
    insert.run('a', seq, at, key, JSON.stringify(event))
  }
  db.close()
}

/** Reads a file without creating a journal beside it. */
const reading = (path: string) => new DatabaseSync(new URL(`${pathToFileURL(path)}?immutable=1`), { readOnly: true })

function pragmas(path: string): { version: number; application: number } {
  const db = reading(path)
  const read = (name: string) => Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
  const answer = { version: read('user_version'), application: read('application_id') }
  db.close()
  return answer
}

const schemaOf = (path: string) => {
  const db = reading(path)
  const rows = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all()
  db.close()
  return rows.map((row) => ({ ...row, sql: row['sql'] && String(row['sql']).replace(/\s+/g, ' ') }))
}

const hashOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** Expects an error that names the file and matches `message`, and a folder without any change. */
async function isRefused(message: RegExp): Promise<void> {
  const kept = async () => {
    // SQLite creates the index of a journal again at every opening.
    const names = (await readdir(folder)).filter((name) => !name.endsWith('-shm')).toSorted()
    return Promise.all(names.map(async (name) => [name, await hashOf(join(folder, name)).catch(() => 'folder')]))
  }
  const before = await kept()
  let said = ''
  try {
    await sqliteLog(file).close()
  } catch (error) {
    said = String(error)
  }
  expect(said).toMatch(message)
  expect(said).toContain(`${file} cannot be used as the event log: `)
  expect(said).toMatch(/--data/)
  expect(await kept()).toEqual(before)
}

describe('a file of an earlier version', () => {
  test('is migrated with its epoch, events and keys, and a copy of the old file is kept', async () => {
    writeFirstLayout(file)
    const told: string[] = []
    const log = sqliteLog(file, undefined, (sentence) => told.push(sentence))
    expect(log.epoch).toBe('abc123')
    expect((await log.read('a', 0, 9)).map(({ id, text }) => [id, text])).toEqual([
      ['abc123.1', '1'],
      ['abc123.2', '2'],
    ])
    expect(await log.append('a', say('again'), 'key')).toMatchObject({ event: { text: '1' }, repeated: true })
    expect(await log.append('a', { ...say('hers'), user: 'Eve' }, 'key')).toMatchObject({ repeated: false })
    expect((await log.append('a', say('4'))).event.id).toBe('abc123.4')
    await log.close()

    expect(pragmas(file)).toEqual({ version: LATEST, application: 0x34776972 })
    const copy = `${file}.v1.bak`
    expect(told).toEqual([`${file} was migrated from schema 1 to ${LATEST}; a copy of the old file is in ${copy}.`])
    expect(pragmas(copy)).toEqual({ version: 1, application: 0 })
    const kept = reading(copy)
    expect(kept.prepare('SELECT seq, key FROM event ORDER BY seq').all()).toEqual([
      { seq: 1, key: 'key' },
      { seq: 2, key: null },
    ])
    kept.close()
  })

  test('has the same layout as a new file after the migration, and is migrated only once', async () => {
    writeFirstLayout(file)
    await sqliteLog(file).close()
    const fresh = join(folder, 'fresh.db')
    const told: string[] = []
    await sqliteLog(fresh, undefined, (sentence) => told.push(sentence)).close()
    await sqliteLog(file, undefined, (sentence) => told.push(sentence)).close()
    expect(schemaOf(file)).toEqual(schemaOf(fresh))
    expect(pragmas(fresh)).toEqual(pragmas(file))
    expect(told).toEqual([])
    expect(await readdir(folder)).toEqual(['feed.db', 'feed.db-mark', 'feed.db.v1.bak', 'fresh.db', 'fresh.db-mark'])
  })

  test('is copied with its permissions, and the copy does not overwrite an earlier copy', async () => {
    writeFirstLayout(file)
    await chmod(file, 0o600)
    await writeFile(`${file}.v1.bak`, 'an earlier one')
    const told: string[] = []
    await sqliteLog(file, undefined, (sentence) => told.push(sentence)).close()
    expect(await readFile(`${file}.v1.bak`, 'utf8')).toBe('an earlier one')
    expect(told[0]).toContain(`${file}.v1.bak.2`)
    expect((await stat(`${file}.v1.bak.2`)).mode & 0o777).toBe(0o600)
    expect(pragmas(`${file}.v1.bak.2`).version).toBe(1)
  })

  test('is migrated together with the journal of a killed process', async () => {
    writeFirstLayout(file)
    await killedWriter(`
      db.exec("INSERT INTO room VALUES ('b', 1)");
      db.exec(\`INSERT INTO event VALUES ('b', 1, \${Date.now()}, NULL, '{"id":"abc123.1","text":"late"}')\`);`)
    const log = sqliteLog(file)
    expect((await log.read('b', 0, 9)).map(({ text }) => text)).toEqual(['late'])
    await log.close()
    const kept = reading(`${file}.v1.bak`)
    expect(kept.prepare(`SELECT count(*) AS n FROM event WHERE room = 'b'`).get()).toEqual({ n: 1 })
    kept.close()
  })
})

describe('a file of a newer version', () => {
  const newer = new RegExp(
    `written by a newer Fourwire \\(schema 99; this Fourwire supports schemas up to ${LATEST}\\).*update Fourwire or`,
  )

  test('is refused, and none of its bytes changes', async () => {
    await sqliteLog(file).close()
    const db = new DatabaseSync(file)
    db.exec('CREATE TABLE later (x); PRAGMA user_version = 99')
    db.close()
    await isRefused(newer)
  })

  test('is refused even if its version is only in the journal of a killed process', async () => {
    await sqliteLog(file).close()
    await killedWriter('db.exec("PRAGMA user_version = 99")')
    expect(await readdir(folder)).toContain('feed.db-wal')
    await isRefused(newer)
  })
})

describe('the server refuses and does not change', () => {
  test('a file of random bytes', async () => {
    await writeFile(file, crypto.getRandomValues(new Uint8Array(5000)))
    await isRefused(/file is not a database; it was not changed; move it away/)
  })

  test('a file cut in the middle', async () => {
    await fill()
    await truncate(file, Math.floor((await stat(file)).size / 2))
    await isRefused(/it is damaged.*it was not changed/)
  })

  test.each([1, 2, 5])('a file whose page %i was overwritten', async (page) => {
    await fill()
    const bytes = await readFile(file)
    crypto.getRandomValues(bytes.subarray(page * 4096, (page + 1) * 4096))
    await writeFile(file, bytes)
    await isRefused(/it is damaged.*it was not changed/)
  })

  test.each([
    ['tables', 'CREATE TABLE theirs (x)'],
    ['tables and a version that is also one of ours', 'CREATE TABLE theirs (x); PRAGMA user_version = 1'],
    ['application id', `PRAGMA application_id = 12345; PRAGMA user_version = ${LATEST}`],
    ['application id and a version above ours', 'PRAGMA application_id = 12345; PRAGMA user_version = 99'],
  ])("another program's file, recognized by its %s", async (_what, sql) => {
    const db = new DatabaseSync(file)
    db.exec(sql)
    db.close()
    await isRefused(/it contains the tables of another program/)
  })

  test('a folder', async () => {
    await mkdir(file)
    await isRefused(/it is a folder/)
  })

  test('a file in place of the log’s folder', async () => {
    await writeFile(join(folder, 'plain'), '')
    expect(() => sqliteLog(join(folder, 'plain', 'feed.db'))).toThrow(
      /there is a file in place of its folder; name another/,
    )
  })

  async function fill(): Promise<void> {
    const log = sqliteLog(file)
    await Promise.all(Array.from({ length: 200 }, (_, i) => log.append('a', say('x'.repeat(200 + i)))))
    await log.close()
  }
})

test('the server uses an empty file as a new event log', async () => {
  await writeFile(file, '')
  const log = sqliteLog(file)
  expect((await log.append('a', say('1'))).event.id).toBe(`${log.epoch}.1`)
  await log.close()
})

/** Writes to the file in a process that is killed before its journal is written to the database. */
async function killedWriter(script: string): Promise<void> {
  const child = spawn(process.execPath, [
    '-e',
    `const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file)});
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    ${script}
    process.kill(process.pid, 'SIGKILL')`,
  ])
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
}
