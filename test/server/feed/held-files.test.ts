/** Files of the log that disappear while the server runs: it reports this, and acknowledges no event that would be lost. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createAccess } from '../../../server/access/access.ts'
import { createApp } from '../../../server/app.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import { connect, isUp } from '../../conformance/client.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const root = mkdtempSync(join(tmpdir(), 'fourwire-held-'))
afterAll(() => rmSync(root, { recursive: true }))

function made() {
  const at = mkdtempSync(join(root, 'test-'))
  const folder = join(at, 'data')
  mkdirSync(folder)
  return { folder, file: join(folder, 'feed.db'), aside: join(at, 'aside') }
}

type Place = ReturnType<typeof made>

const post = async ({ origin }: Served, path: string, body: object) => {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, json: await response.json() }
}

const health = async ({ origin }: Served) => (await fetch(`${origin}/health`)).json()

const kept = async ({ origin }: Served): Promise<string[]> => {
  const { events } = await (await fetch(`${origin}/feed/lobby/poll?after=0`)).json()
  return events.map(({ text }: { text: string }) => text)
}

const TAKEN: [string, (place: Place) => void, RegExp, boolean?][] = [
  ['the database is deleted', ({ file }) => rmSync(file), /feed\.db was deleted, moved or replaced/],
  ['the journal is deleted', ({ file }) => rmSync(`${file}-wal`), /feed\.db-wal was deleted, moved or replaced/],
  ['the folder is deleted', ({ folder }) => rmSync(folder, { recursive: true }), /feed\.db was deleted/],
  ['the folder is moved', ({ folder, aside }) => renameSync(folder, aside), /feed\.db was deleted, moved/],
  [
    'a copy is put in the place of the database',
    ({ file, aside }) => {
      copyFileSync(file, aside)
      renameSync(aside, file)
    },
    /feed\.db was deleted, moved or replaced/,
  ],
  [
    'a copy is put in the place of both files',
    ({ file, aside }) => {
      for (const name of [file, `${file}-wal`]) {
        copyFileSync(name, aside)
        renameSync(aside, name)
      }
    },
    /feed\.db was deleted, moved or replaced/,
  ],
  [
    'the database is written over in place',
    ({ file }) => writeFileSync(file, readFileSync(file)),
    /feed\.db was written to by another program/,
  ],
  [
    'the journal is emptied in place',
    ({ file }) => writeFileSync(`${file}-wal`, ''),
    /feed\.db-wal was written to/,
    false,
  ],
]

test.each(TAKEN)(
  'if %s, /health reports this at once, and the server acknowledges no further event',
  async (_what, take, reason, isReadable = true) => {
    const place = made()
    await using server = await serve({ log: sqliteLog(place.file) })
    const reader = connect('sse', server.origin)
    await until('the reader is connected', () => isUp(reader))
    await server.publish('before')
    expect(await health(server)).toMatchObject({ status: 'ok', log: 'ok' })
    take(place)
    expect(await health(server)).toMatchObject({ status: 'degraded', log: expect.stringMatching(reason) })
    const refused = { status: 503, json: { code: 'log-unavailable' } }
    const { status, json } = await post(server, '/feed/lobby', { user: 'Ada', text: 'lost' })
    expect([status, json.code, json.detail]).toEqual([503, 'log-unavailable', expect.stringMatching(reason)])
    const task = { user: 'Ada', type: 'task_created', task: { title: 'lost' } }
    expect(await post(server, '/boards/lobby', task)).toMatchObject(refused)
    expect(await (await fetch(`${server.origin}/metrics`)).text()).toMatch(/^fourwire_log_takes_writes 0$/m)
    if (isReadable) expect(await kept(server)).toEqual(['before'])
    expect(reader.texts()).toEqual(['before'])
    reader.stop()
  },
)

test('a publish is refused and not committed if the file of the log is missing', async () => {
  const place = made()
  await using server = await serve({ log: sqliteLog(place.file) })
  await server.publish('before')
  renameSync(place.file, place.aside)
  expect((await post(server, '/feed/lobby', { user: 'Ada', text: 'lost' })).status).toBe(503)
  renameSync(place.aside, place.file)
  await server.publish('after')
  expect(await kept(server)).toEqual(['before', 'after'])
})

describe('a log whose files were moved away and back', () => {
  test.each<[string, (place: Place) => readonly [string, string]]>([
    ['the database', ({ file, aside }) => [file, aside]],
    ['the journal', ({ file, aside }) => [`${file}-wal`, aside]],
    ['the folder', ({ folder, aside }) => [folder, aside]],
  ])('(here %s) accepts publishes again, and has every acknowledged event at the next start', async (_what, which) => {
    const place = made()
    const log = sqliteLog(place.file)
    {
      await using server = await serve({ log })
      await server.publish('before')
      const [from, to] = which(place)
      renameSync(from, to)
      expect((await post(server, '/feed/lobby', { user: 'Ada', text: 'lost' })).status).toBe(503)
      renameSync(to, from)
      expect(await health(server)).toMatchObject({ status: 'ok', log: 'ok' })
      await server.publish('after')
    }
    const next = sqliteLog(place.file)
    expect(next.epoch).toBe(log.epoch)
    expect((await next.read('lobby', 0, 9)).map(({ text }) => text)).toEqual(['before', 'after'])
    await next.close()
  })
})

test('if the journal was deleted, kill -9 loses no event that was acknowledged before', async () => {
  const { file, aside } = made()
  const log = sqliteLog(file)
  onTestFinished(() => log.close())
  for (const text of ['1', '2', '3']) await log.append('lobby', { type: 'message', user: 'Ada', text })
  rmSync(`${file}-wal`)
  expect(log.trouble?.()).toMatch(/feed\.db-wal was deleted/)
  // The same files as after a killed process.
  copyFileSync(file, aside)
  const next = sqliteLog(aside)
  expect((await next.read('lobby', 0, 9)).map(({ text }) => text)).toEqual(['1', '2', '3'])
  await next.close()
})

test('if another log replaces the file in use, that log is unchanged after the server stops', async () => {
  const [place, other] = [made(), made()]
  const log = sqliteLog(place.file)
  await log.append('lobby', { type: 'message', user: 'Ada', text: 'before' })
  const another = sqliteLog(other.file)
  await another.append('lobby', { type: 'message', user: 'Ada', text: 'of the other' })
  for (const name of ['', '-wal']) {
    rmSync(place.file + name)
    copyFileSync(other.file + name, place.file + name)
  }
  await another.close()
  await log.close()
  const told: string[] = []
  const next = sqliteLog(place.file, undefined, (sentence) => told.push(sentence))
  expect((await next.read('lobby', 0, 9)).map(({ text }) => text)).toEqual(['of the other'])
  expect([next.epoch === log.epoch, next.epoch === another.epoch]).toEqual([false, false])
  expect(told).toEqual([expect.stringMatching(/may have lost events/)])
  await next.close()
})

test('the server logs once that a file of the log is missing, and once that it is back, even without requests', async () => {
  const lines: { level: string; msg: string; err?: { message: string } }[] = []
  const stderr = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((line) => lines.push(JSON.parse(String(line))) > 0)
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => {
    vi.useRealTimers()
    stderr.mockRestore()
  })
  const { file, aside } = made()
  await using _ = await createApp({ log: sqliteLog(file), access: createAccess(), logLevel: 'info' })
  renameSync(file, aside)
  vi.advanceTimersByTime(15_000)
  renameSync(aside, file)
  vi.advanceTimersByTime(15_000)
  expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
    'error: event log cannot be written',
    'info: event log can be written again',
  ])
  expect(lines[0]?.err?.message).toMatch(/feed\.db was deleted, moved or replaced/)
})
