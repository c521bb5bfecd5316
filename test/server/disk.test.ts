/** Tests of the event log on a real disk: a full disk, a read-only disk and a disk that disappears. */
import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'
import { showFile } from '../../server/show/show-file.ts'
import type { Event, PollAnswer, Problem } from '../../server/protocol/feed.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'

const DISK_BYTES = 1024 * 1024

const mountable = mayMount()
const NEEDS_ROOT = '(skipped if the test cannot mount a file system: run it as root)'

interface Disk extends AsyncDisposable {
  readonly folder: string
  makeReadOnly(): void
}

/** Mounts a disk of one MiB. */
async function mount(): Promise<Disk> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-disk-'))
  const run = (command: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  }
  run('mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder)
  return {
    folder,
    makeReadOnly: () => run('mount', '-o', 'remount,ro', folder),
    async [Symbol.asyncDispose]() {
      run('umount', folder)
      await rm(folder, { recursive: true })
    },
  }
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'fourwire-mount-'))
  const may = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0
  if (may) spawnSync('umount', [folder])
  rmSync(folder, { recursive: true })
  return may
}

const publish = (origin: string, text: string): Promise<Response> =>
  fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })

async function kept(origin: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let after = '0', more = true; more;) {
    const answer: PollAnswer = await (await fetch(`${origin}/feed/lobby/poll?after=${after}`)).json()
    ids.push(...answer.events.map(({ id }) => id))
    after = answer.cursor
    more = answer.more
  }
  return ids
}

test.skipIf(!mountable)(
  `on a full disk the server refuses publishes but serves all acknowledged events, and accepts publishes again when there is room ${NEEDS_ROOT}`,
  async () => {
    await using disk = await mount()
    const filler = join(disk.folder, 'filler')
    await writeFile(filler, new Uint8Array(DISK_BYTES / 2))
    const acknowledged: string[] = []
    const refused: Problem[] = []
    const say = async (origin: string) => {
      const response = await publish(origin, 'x'.repeat(3000))
      if (response.status === 201) acknowledged.push(((await response.json()) as Event).id)
      else refused.push(await response.json())
      return response.status
    }
    {
      await using server = await spawnServer('--data', disk.folder)
      expect(await until('the server refuses a publish', async () => (await say(server.origin)) !== 201)).toBe(true)
      expect(refused[0]).toMatchObject({
        status: 503,
        code: 'log-unavailable',
        detail: 'The event log cannot be written: the disk is full; free some space on it.',
      })
      expect(acknowledged.length).toBeGreaterThan(10)
      expect(await kept(server.origin)).toEqual(acknowledged)
      expect(await say(server.origin)).toBe(503)

      await rm(filler)
      expect(await say(server.origin)).toBe(201)
      await server.end('SIGKILL')
    }
    await using next = await spawnServer('--data', disk.folder)
    expect(await kept(next.origin)).toEqual(acknowledged)
    expect(await say(next.origin)).toBe(201)
  },
)

test.skipIf(!mountable)(
  `if the disk is unmounted, the server refuses publishes and names the reason ${NEEDS_ROOT}`,
  async () => {
    const disk = await mount()
    await using server = await spawnServer('--data', disk.folder)
    expect((await publish(server.origin, 'before')).status).toBe(201)
    spawnSync('umount', ['--lazy', disk.folder])
    const answer: Problem = await (await publish(server.origin, 'lost')).json()
    expect(answer).toMatchObject({
      code: 'log-unavailable',
      detail: expect.stringMatching(/feed\.db was deleted, moved/),
    })
    expect(await kept(server.origin)).toHaveLength(1)
    await rm(disk.folder, { recursive: true })
  },
)

test.skipIf(!mountable)(
  `a server with a new event log on a full disk refuses to start and gives a remedy ${NEEDS_ROOT}`,
  async () => {
    await using disk = await mount()
    await writeFile(join(disk.folder, 'filler'), new Uint8Array(DISK_BYTES)).catch(() => {})
    expect(() => sqliteLog(join(disk.folder, 'feed.db'))).toThrow(
      /feed\.db cannot be used .* the disk is full; free some space/,
    )
  },
)

test.skipIf(!mountable)(
  `if there is no room for the copy of an old log, the start fails and the file stays unchanged ${NEEDS_ROOT}`,
  async () => {
    await using disk = await mount()
    const file = join(disk.folder, 'feed.db')
    await using elsewhere = await mount()
    const source = join(elsewhere.folder, 'feed.db')
    await sqliteLog(source).close()
    const db = new DatabaseSync(source)
    db.exec(`INSERT INTO event (room, seq, at, key, json) VALUES ('a', 1, 1e15, NULL, '${'x'.repeat(450_000)}');
      PRAGMA user_version = 1; PRAGMA application_id = 0`)
    db.close()
    await copyFile(source, file)
    await writeFile(join(disk.folder, 'filler'), new Uint8Array(DISK_BYTES / 4))
    const asItWas = await readFile(file)
    expect(() => sqliteLog(file)).toThrow(
      /the server must copy it before it changes its layout, but the copy failed: the disk is full; free some space on it/,
    )
    expect((await readFile(file)).equals(asItWas)).toBe(true)
    expect(await readdir(disk.folder)).toEqual(['feed.db', 'filler'])
  },
)

test.skipIf(!mountable)(
  `the error for an event log on a read-only disk says that the disk is read-only, whether the log exists or not ${NEEDS_ROOT}`,
  async () => {
    await using disk = await mount()
    const file = join(disk.folder, 'feed.db')
    const log = sqliteLog(file)
    await log.append('a', { type: 'message', user: 'Ada', text: '1' })
    await log.close()
    disk.makeReadOnly()
    const message = /cannot be used as the event log: .*(?:read-only|writable).* or name another file with --data/
    expect(() => sqliteLog(file)).toThrow(message)
    expect(() => sqliteLog(join(disk.folder, 'new.db'))).toThrow(message)
    expect(() => sqliteLog(join(disk.folder, 'new/feed.db'))).toThrow(message)
  },
)

test.skipIf(!mountable)(`a class that a full disk does not keep leaves no half of a file ${NEEDS_ROOT}`, async () => {
  await using disk = await mount()
  const file = showFile(join(disk.folder, 'feed.db'))
  await expect(file.keep('class-1', 'x'.repeat(2 * DISK_BYTES))).rejects.toThrow('ENOSPC')
  expect(await readdir(disk.folder)).toEqual([])
  const path = await file.keep('class-1', '{}')
  expect(await readdir(disk.folder)).toEqual([path.slice(disk.folder.length + 1)])
})
