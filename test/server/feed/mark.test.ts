/** Logs whose files were changed: readers of a lost event never get its number for another event. */
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createFeed } from '../../../server/feed/feed.ts'
import type { Log } from '../../../server/feed/log.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'

const root = mkdtempSync(join(tmpdir(), 'fourwire-mark-'))
afterAll(() => rmSync(root, { recursive: true }))

let folder = ''
let file = ''
let copy = ''
/** Epoch of the log before its files were changed. */
let epoch = ''
beforeEach(() => {
  const at = mkdtempSync(join(root, 'test-'))
  folder = join(at, 'data')
  copy = join(at, 'copy')
  mkdirSync(folder)
  file = join(folder, 'feed.db')
})

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

async function fill(log: Log, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await log.append('a', say(`${i} of before`), undefined, `state ${i}`)
}

const EARLIER = 40
const ACKNOWLEDGED = 60

type Act = () => void

/** Writes a log of 60 events and closes it. Calls `earlier` after 40 events, while the log is open. */
async function closed(earlier: Act = () => {}): Promise<void> {
  const log = sqliteLog(file)
  await fill(log, 1, EARLIER)
  earlier()
  await fill(log, EARLIER + 1, ACKNOWLEDGED)
  await log.close()
  epoch = log.epoch
}

/** Writes the same log in a process that is killed. */
async function killed(): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { sqliteLog } from ${JSON.stringify(new URL('../../../server/feed/sqlite-log.ts', import.meta.url))}
      const log = sqliteLog(${JSON.stringify(file)})
      for (let i = 1; i <= ${ACKNOWLEDGED}; i++)
        await log.append('a', { type: 'message', user: 'Ada', text: i + ' of before' }, undefined, 'state ' + i)
      process.kill(process.pid, 'SIGKILL')`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
  epoch = markOf().epoch
}

const copyAll = (): void => cpSync(folder, copy, { recursive: true, preserveTimestamps: true })

/** Restores the copy into new files. */
function restoreAll(): void {
  rmSync(folder, { recursive: true })
  cpSync(copy, folder, { recursive: true, preserveTimestamps: true })
}

/** Restores the copy into the existing files, as `cp -p` does. */
function restoreInPlace(...names: string[]): void {
  for (const name of names) {
    const [from, to] = [join(copy, name), join(folder, name)]
    if (!existsSync(from)) {
      rmSync(to, { force: true })
      continue
    }
    copyFileSync(from, to)
    utimesSync(to, statSync(from).atime, statSync(from).mtime)
  }
}

const DB_AND_WAL = ['feed.db', 'feed.db-wal']
const ALL = [...DB_AND_WAL, 'feed.db-mark']

const cut = (name: string, share: number): void => {
  const path = join(folder, name)
  truncateSync(path, Math.floor(statSync(path).size * share))
}

const markOf = () => JSON.parse(readFileSync(`${file}-mark`, 'utf8'))

function anotherBoot(): void {
  writeFileSync(`${file}-mark`, JSON.stringify({ ...markOf(), boot: 'another' }))
}

function change(sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

describe.each<[string, () => Promise<void>, RegExp]>([
  ['whose journal lost its last third', async () => (await killed(), cut('feed.db-wal', 2 / 3)), /60 .*acknowledged/],
  ['whose journal lost its last byte', async () => (await killed(), cut('feed.db-wal', 0.99999)), /contains only 59/],
  [
    'whose journal is empty',
    async () => (await killed(), cut('feed.db-wal', 0)),
    /60 events were acknowledged, but the log contains only 0/,
  ],
  [
    'whose journal was deleted',
    async () => (await killed(), rmSync(`${file}-wal`)),
    /60 events were acknowledged, but the log contains only 0/,
  ],
  [
    'of which an earlier copy, taken while it was open, was put back',
    async () => (await closed(copyAll), restoreInPlace(...DB_AND_WAL)),
    /60 events were acknowledged, but the log contains only 40/,
  ],
  [
    'of which an earlier copy of the database alone was put back',
    async () => {
      await closed()
      copyAll()
      const log = sqliteLog(file)
      await fill(log, ACKNOWLEDGED + 1, ACKNOWLEDGED + 20)
      await log.close()
      restoreInPlace('feed.db')
    },
    /80 events were acknowledged, but the log contains only 60/,
  ],
  ['whose whole folder was put back as it was', async () => (await closed(copyAll), restoreAll()), /restored/],
  ['whose whole folder was put back in place', async () => (await closed(copyAll), restoreInPlace(...ALL)), /restored/],
  [
    'whose whole folder was put back after it was killed',
    async () => {
      await closed(copyAll)
      restoreInPlace(...ALL)
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
      await killed()
      copyAll()
      restoreAll()
    },
    /restored/,
  ],
  [
    'that was copied to another machine with its mark',
    async () => {
      await closed()
      copyAll()
      file = join(copy, 'feed.db')
    },
    /copied/,
  ],
  [
    'that was copied without its journal and its mark',
    async () => {
      await killed()
      // Without this, all events would be in the journal.
      await sqliteLog(file).close()
      mkdirSync(copy)
      copyFileSync(file, join(copy, 'feed.db'))
      file = join(copy, 'feed.db')
    },
    /mark is missing/,
  ],
  ['whose mark is gone', async () => (await closed(), rmSync(`${file}-mark`)), /feed\.db-mark is missing or damaged/],
  ['whose mark is torn', async () => (await closed(), truncateSync(`${file}-mark`, 100)), /missing or damaged/],
  [
    'that was killed before the computer restarted',
    async () => (await killed(), anotherBoot()),
    /computer was restarted/,
  ],
  [
    'to which another program wrote',
    async () => {
      await closed()
      change('DELETE FROM event WHERE seq > 50; UPDATE room SET last = 50')
    },
    /60 events were acknowledged, but the log contains only 50/,
  ],
  [
    'with holes in its numbers',
    async () => (await closed(), change('DELETE FROM event WHERE seq IN (7, 20, 21, 55)')),
    /changed/,
  ],
  [
    'that ends before its last number',
    async () => (await closed(), change('DELETE FROM event WHERE seq > 50')),
    /changed/,
  ],
  ['with events after its last number', async () => (await closed(), change('UPDATE room SET last = 10')), /60 .* 10/],
  [
    'that has lost the record of its room',
    async () => (await closed(), change('DELETE FROM room')),
    /60 .* contains only 0/,
  ],
])('a log %s', (_what, prepare, reason) => {
  test('gives every reader a gap, even after many new events, and reports the reason', async () => {
    await prepare()
    const told: string[] = []
    const before = [0, 20, 39, 40, 41, 50, 59, 60, 61, 80].map((seq) => `${epoch}.${seq}`)
    const feed = createFeed(sqliteLog(file, undefined, (sentence) => told.push(sentence)))
    expect(told).toEqual([expect.stringMatching(reason)])
    expect(told[0]).toMatch(/may have lost events, so every reader gets a gap/)
    for (let i = 1; i <= 40; i++) await feed.publish('a', say(`${i} of after`))

    const { events: all } = await feed.since('a', '0', 500)
    for (const cursor of before) {
      const answer = await feed.since('a', cursor, 500)
      expect(answer).toMatchObject({ gap: true, events: all })
    }
    await feed.close()
  })

  test('numbers its events without holes, so that readers can continue from any of them', async () => {
    await prepare()
    const feed = createFeed(sqliteLog(file))
    const { event } = await feed.publish('a', say('after'))
    const { events } = await feed.since('a', '0', 500)
    const first = Number(events[0]?.id.split('.')[1])
    expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => `${feed.epoch}.${first + i}`))
    expect(events.at(-1)).toEqual(event)
    for (const [i, { id }] of events.entries())
      expect(await feed.since('a', id, 500)).toMatchObject({ gap: false, events: events.slice(i + 1) })
    const { cursor } = await feed.state('a')
    expect(cursor).toBe(event.id)
    const fresh = feed.epoch
    await feed.close()
    // After that the log is intact.
    const again = sqliteLog(file)
    expect(again.epoch).toBe(fresh)
    await again.close()
  })
})

describe.each<[string, () => Promise<void>]>([
  ['that was closed', () => closed()],
  ['that was killed', killed],
  [
    'that was killed, and then opened and closed twice',
    async () => {
      await killed()
      await sqliteLog(file).close()
      await sqliteLog(file).close()
    },
  ],
  [
    'whose folder was moved',
    async () => {
      await killed()
      renameSync(folder, copy)
      file = join(copy, 'feed.db')
    },
  ],
  [
    'that is reached by a link',
    async () => {
      await killed()
      symlinkSync(file, `${copy}.db`)
      file = `${copy}.db`
    },
  ],
  [
    'that was read and copied before it was opened again',
    async () => {
      await killed()
      copyAll()
      const db = new DatabaseSync(file, { readOnly: true })
      expect(db.prepare('SELECT count(*) AS count FROM event').get()?.['count']).toBe(ACKNOWLEDGED)
      db.close()
    },
  ],
  [
    'that a second server tried to open while it was open',
    async () => {
      const log = sqliteLog(file)
      await fill(log, 1, ACKNOWLEDGED)
      expect(() => sqliteLog(file)).toThrow(/another Fourwire is using it/)
      epoch = log.epoch
      await log.close()
    },
  ],
  ['of a computer that was restarted after it was closed', async () => (await closed(), anotherBoot())],
])('a log %s', (_what, prepare) => {
  test('continues without a gap', async () => {
    await prepare()
    const told: string[] = []
    const log = sqliteLog(file, undefined, (sentence) => told.push(sentence))
    expect([log.epoch, told]).toEqual([epoch, []])
    expect((await log.append('a', say('after'))).event.id).toBe(`${epoch}.${ACKNOWLEDGED + 1}`)
    await log.close()
  })
})

test('a log that lost events keeps the keys and boards of the remaining events, whose ids have the new epoch', async () => {
  const log = sqliteLog(file)
  await log.append('a', say('kept'), 'kept', 'board of before')
  copyAll()
  await log.append('a', say('lost'), 'lost', 'board that was lost')
  await log.close()
  restoreAll()
  const feed = createFeed(sqliteLog(file))
  expect(feed.epoch).not.toBe(log.epoch)
  expect(await feed.state('a')).toEqual({ text: 'board of before', cursor: `${feed.epoch}.1` })
  expect(await feed.publish('a', say('kept'), 'kept')).toMatchObject({
    event: { id: `${feed.epoch}.1` },
    repeated: true,
  })
  expect(await feed.publish('a', say('lost'), 'lost')).toMatchObject({
    event: { id: `${feed.epoch}.2` },
    repeated: false,
  })
  await feed.close()
})

test('a log that is killed at any moment continues without a gap and has every acknowledged event', async () => {
  let last = 0
  for (let round = 0; round < 6; round++) {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { sqliteLog } from ${JSON.stringify(new URL('../../../server/feed/sqlite-log.ts', import.meta.url))}
        const log = sqliteLog(${JSON.stringify(file)}, undefined, console.log)
        for (;;) console.log((await log.append('a', { type: 'message', user: 'Ada', text: 'x'.repeat(3000) })).event.id)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
      if (said.length > 1000 * (round + 1)) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const ids = said.split('\n').slice(0, -1)
    epoch = round === 0 ? (ids[0]?.split('.')[0] ?? '') : epoch
    const first = Number(ids[0]?.split('.')[1])
    expect(first).toBeGreaterThan(last)
    expect(ids).toEqual(ids.map((_, i) => `${epoch}.${first + i}`))
    last = first + ids.length - 1
  }
})

test('as soon as a log is opened, its mark says "open", so that a later power cut is detected', async () => {
  await closed()
  expect(markOf()).toMatchObject({ isClosed: true, events: ACKNOWLEDGED, writing: null })
  const log = sqliteLog(file)
  expect(markOf()).toMatchObject({ isClosed: false, events: ACKNOWLEDGED, writing: null })
  await log.close()
})
