/** Tests that run for every log. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { KeyReused } from '../../../server/feed/keys.ts'
import type { Log, Retention } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { redisLog } from '../../../server/redis/redis-log.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import type { Event } from '../../../server/protocol/feed.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { until } from '../../until.ts'

const folder = await mkdtemp(join(tmpdir(), 'fourwire-log-'))
let files = 0
const redis = HAS_REDIS ? await testRedis('--databases', '1000') : null
type Create = (retention?: Retention) => Log | Promise<Log>
/** Each log has a database of its own. A machine without Redis tests only the other logs. */
const inRedis: Create = (retention) => redisLog(`${redis?.url}?db=${++files}`, retention)
const LOGS: [string, Create][] = [
  ['memory-log', memoryLog],
  ['sqlite-log', (retention) => sqliteLog(join(folder, `${++files}.db`), retention)],
]
if (redis) LOGS.push(['redis-log', inRedis])
afterAll(async () => {
  await rm(folder, { recursive: true })
  await redis?.[Symbol.asyncDispose]()
})

/** Returns the epoch of a room. */
const epochIn = async (log: Log, room: string): Promise<string> => (await log.extent(room)).epoch ?? log.epoch

const HOUR_MS = 60 * 60 * 1000

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

describe.each(LOGS)('%s', (_name, create) => {
  test('numbers the events of each room densely from 1', async () => {
    const log = await create()
    const rooms = ['a', 'b', 'a', 'a', 'b']
    const appended = await Promise.all(rooms.map((room) => log.append(room, say('x'))))
    const [a, b] = [await epochIn(log, 'a'), await epochIn(log, 'b')]
    expect(appended.map(({ event }) => event.id)).toEqual([`${a}.1`, `${b}.1`, `${a}.2`, `${a}.3`, `${b}.2`])
    await log.close()
  })

  test('returns the content of an appended draft and the time of its acceptance', async () => {
    const log = await create()
    const beforeMs = Date.now()
    const { event, repeated } = await log.append('a', say('héllo \u0000 🜁'))
    expect(event).toMatchObject({ room: 'a', type: 'message', user: 'Ada', text: 'héllo \u0000 🜁' })
    expect(Math.abs(event.at - beforeMs)).toBeLessThan(1000)
    expect(repeated).toBe(false)
    expect(await log.read('a', 0, 10)).toEqual([event])
    await log.close()
  })

  test('reads the events after a sequence number, the oldest first, up to the limit', async () => {
    const log = await create()
    for (let i = 1; i <= 10; i++) await log.append('a', say(String(i)))
    const texts = async (after: number, limit: number) => (await log.read('a', after, limit)).map(({ text }) => text)
    expect(await texts(0, 3)).toEqual(['1', '2', '3'])
    expect(await texts(8, 99)).toEqual(['9', '10'])
    expect(await texts(10, 99)).toEqual([])
    expect(await log.read('empty', 0, 99)).toEqual([])
    await log.close()
  })

  test('has a method extent that returns the range of the kept events', async () => {
    const log = await create({ events: 3, ageMs: Infinity })
    expect(await log.extent('a')).toMatchObject({ first: 1, last: 0 })
    for (let i = 1; i <= 5; i++) await log.append('a', say(String(i)))
    expect(await log.extent('a')).toMatchObject({ first: 3, last: 5 })
    expect((await log.read('a', 0, 99)).map(({ text }) => text)).toEqual(['3', '4', '5'])
    await log.close()
  })

  test('stores a room’s state in the same commit as an event, and keeps the state when old events are dropped', async () => {
    const log = await create({ events: 1, ageMs: Infinity })
    const { states } = log
    if (!states) throw new Error('This log keeps no states.')
    expect(await states.get('a')).toMatchObject({ text: null, last: 0 })
    await Promise.all([
      log.append('a', say('1'), 'key', 'one'),
      log.append('a', say('2')),
      log.append('b', say('3'), undefined, 'b'),
    ])
    expect(await states.get('a')).toMatchObject({ text: 'one', last: 2 })
    // A repeated key changes no state. This key has already expired.
    await log.append('b', say('4'), 'b-key', 'b4')
    await log.append('b', say('4'), 'b-key', 'b5')
    expect(await states.get('b')).toMatchObject({ text: 'b4', last: 2 })
    expect(await states.earlier('b', 'Ada', 'b-key', say('4'))).toMatchObject({ text: '4' })
    const forgotten = [states.earlier('a', 'Ada', 'key', say('1')), states.earlier('c', 'Ada', 'key', say('1'))]
    expect(await Promise.all(forgotten)).toEqual([undefined, undefined])
    expect(await states.count()).toBe(2)
    await log.append('a', say('6'), undefined, null)
    expect([await states.get('a'), await states.count()]).toMatchObject([{ text: null, last: 3 }, 1])
    await log.close()
  })

  test('returns the first event again for a repeated key, even in the same commit', async () => {
    const log = await create()
    const [first, same] = await Promise.all([log.append('a', say('1'), 'key'), log.append('a', say('1'), 'key')])
    const later = await log.append('a', say('1'), 'key')
    expect([same, later]).toEqual([
      { event: first.event, repeated: true },
      { event: first.event, repeated: true },
    ])
    expect((await log.append('b', say('4'), 'key')).repeated).toBe(false)
    expect(await log.read('a', 0, 99)).toHaveLength(1)
    await log.close()
  })

  test('treats the same key of two users as two different keys, even in the same commit', async () => {
    const log = await create()
    const by = (user: string | undefined, text: string) =>
      log.append('a', { type: 'message', text, ...(user !== undefined && { user }) }, '1')
    const users = ['Eve', 'Ada', 'ada', 'Ada Eve', undefined]
    const appended = await Promise.all(users.map((user) => by(user, `of ${user}`)))
    expect(appended.map(({ repeated }) => repeated)).not.toContain(true)
    expect(await by('Ada', 'of Ada')).toEqual({ event: appended[1]?.event, repeated: true })
    await log.close()
  })

  test('refuses a key that is reused for a different request, and keeps the other events of the commit', async () => {
    const log = await create()
    const [, reused, , other] = await Promise.allSettled([
      log.append('a', say('1'), 'key'),
      log.append('a', say('2'), 'key'),
      log.append('a', say('3')),
      log.append('a', { type: 'task_deleted', user: 'Ada', task: { id: 'a' } }, 'key'),
    ])
    for (const one of [reused, other]) expect(one).toMatchObject({ status: 'rejected', reason: expect.any(KeyReused) })
    expect(String(reused?.status === 'rejected' && reused.reason)).toBe(
      'Error: "Ada" used the key "key" for a different request before.',
    )
    await expect(log.states?.earlier('a', 'Ada', 'key', say('2'))).rejects.toThrow(KeyReused)
    expect((await log.read('a', 0, 9)).map(({ text }) => text)).toEqual(['1', '3'])
    await log.close()
  })

  test('treats two requests as equal if they have the same members, in any order, even if their drafts differ', async () => {
    const log = await create()
    const made = (id: string) => ({ type: 'task_created', user: 'Ada', task: { id, title: 'x' } }) as const
    const asked = { user: 'Ada', task: { title: 'x', done: false } }
    const { event } = await log.append('a', made('1'), 'key', undefined, asked)
    const again = { task: { done: false, title: 'x' }, user: 'Ada' }
    expect(await log.append('a', made('2'), 'key', undefined, again)).toEqual({ event, repeated: true })
    await log.close()
  })

  test('forgets a key when it drops the event of that key', async () => {
    const log = await create({ events: 1, ageMs: Infinity })
    await log.append('a', say('1'), 'key')
    await log.append('a', say('2'))
    expect((await log.append('a', say('3'), 'key')).repeated).toBe(false)
    await log.close()
  })

  test('calls the listener once for each commit, in order, before the append resolves', async () => {
    const log = await create()
    const told: Event[] = []
    const stop = log.onCommit((_room, events) => told.push(...events))
    const appended = await Promise.all(
      ['1', '2', '3'].map((text) =>
        log
          .append('a', say(text))
          .then(({ event }) => ({ event, told: told.includes(event) || told.some(({ id }) => id === event.id) })),
      ),
    )
    expect(told).toEqual(appended.map(({ event }) => event))
    expect(appended.every((one) => one.told)).toBe(true)
    stop()
    await log.append('a', say('4'))
    expect(told).toHaveLength(3)
    await log.close()
  })

  test('commits all appends of one turn of the event loop at once, so that other calls see all of them or none', async () => {
    const log = await create()
    const commits: string[] = []
    log.onCommit((room, events) => commits.push(`${room}: ${events.map(({ text }) => text)}`))
    const appending = ['1', '2', '3'].map((text) => log.append('a', say(text)))
    appending.push(log.append('b', say('4')), log.append('a', say('1'), 'key'))
    expect((await log.extent('a')).last).toBe(0)
    await Promise.all(appending)
    expect(commits).toEqual(['a: 1,2,3,1', 'b: 4'])
    await log.append('a', say('5'))
    expect(commits).toEqual(['a: 1,2,3,1', 'b: 4', 'a: 5'])
    await log.close()
  })

  test('also deletes and replaces events that still wait for their commit', async () => {
    const log = await create()
    void log.append('a', say('1'))
    expect(await log.states?.remove('a', () => true)).toBe(1)
    void log.append('a', say('2'))
    await log.clear?.('a')
    expect(await log.extent('a')).toMatchObject({ first: 3, last: 2 })
    await log.close()
  })

  test('commits all waiting events when it is closed, and then refuses appends', async () => {
    const log = await create()
    const waiting = log.append('a', say('1'))
    await log.close()
    expect((await waiting).repeated).toBe(false)
    await expect(log.append('a', say('2'))).rejects.toThrow('The log is closed.')
  })

  test('does not call the listener for a repeated key', async () => {
    const log = await create()
    await log.append('a', say('1'), 'key')
    let told = 0
    log.onCommit(() => told++)
    await log.append('a', say('1'), 'key')
    expect(told).toBe(0)
    await log.close()
  })

  test('keeps the same events as a simple list after random appends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            room: fc.constantFrom('a', 'b'),
            text: fc.oneof(fc.constantFrom('', 'x'), fc.string({ unit: 'binary' })),
            key: fc.option(fc.constantFrom('k', 'l', 'm'), { nil: undefined }),
          }),
        ),
        fc.integer({ min: 1, max: 8 }),
        async (drafts, events) => {
          const log = await create({ events, ageMs: Infinity })
          const model = new Map<string, { text: string; seq: number; key: string | undefined }[]>()
          const last = new Map<string, number>()
          for (const { room, text, key } of drafts) {
            const kept = model.get(room) ?? []
            const appending = log.append(room, say(text), key)
            const earlier = kept.find((one) => key !== undefined && one.key === key)
            if (earlier && earlier.text !== text) {
              await expect(appending).rejects.toThrow(KeyReused)
              continue
            }
            expect((await appending).repeated).toBe(earlier !== undefined)
            if (earlier) continue
            const seq = (last.get(room) ?? 0) + 1
            last.set(room, seq)
            model.set(room, [...kept, { text, seq, key }].slice(-events))
          }
          for (const [room, kept] of model) {
            const epoch = await epochIn(log, room)
            expect((await log.read(room, 0, 1000)).map((event) => [event.text, event.id])).toEqual(
              kept.map(({ text, seq }) => [text, `${epoch}.${seq}`]),
            )
          }
          await log.close()
        },
      ),
      { numRuns: 30 },
    )
  })
})

test('memory-log drops events that are too old', async () => {
  const log = memoryLog({ events: 100, ageMs: 20 })
  await log.append('a', say('old'))
  await until('the log has deleted the first event', async () => (await log.extent('a')).first === 2)
  expect(await log.read('a', 0, 9)).toEqual([])
})

test('sqlite-log drops events that are too old when it is opened', async () => {
  const file = join(folder, 'aged.db')
  const before = sqliteLog(file)
  const { event } = await before.append('a', say('old'))
  await before.close()
  await until('the event is older than the retention', () => Date.now() > event.at + 30)
  const after = sqliteLog(file, { events: 100, ageMs: 20 })
  expect(await after.extent('a')).toEqual({ first: 2, last: 1 })
  await after.close()
})

test('sqlite-log measures the age of events by the wall clock, even if the computer has slept for two days', async () => {
  const file = join(folder, 'slept.db')
  const before = sqliteLog(file)
  // The monotonic clock stopped while the computer slept, and the wall clock continued.
  const atMs = performance.now() - 48 * HOUR_MS
  const clock = vi.spyOn(performance, 'now').mockReturnValue(atMs)
  await before.append('a', say('of this morning'))
  clock.mockRestore()
  await before.close()
  const after = sqliteLog(file)
  expect((await after.read('a', 0, 9)).map(({ text }) => text)).toEqual(['of this morning'])
  await after.close()
})

test.each([
  ['ahead', 9],
  ['behind', -48],
])(
  'sqlite-log drops the oldest events first and leaves no hole, even after the wall clock was %s for some time',
  async (_how, hours) => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const log = sqliteLog(join(folder, `set ${hours}.db`), { events: 100, ageMs: 24 * HOUR_MS })
    const beganMs = Date.now()
    const append = async (...texts: string[]) => {
      for (const text of texts) await log.append('a', say(text))
    }
    const keptAt = async (ms: number) => {
      vi.setSystemTime(beganMs + ms)
      vi.advanceTimersByTime(60_000)
      const { first, last } = await log.extent('a')
      const events = await log.read('a', 0, 9)
      expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => `${log.epoch}.${first + i}`))
      expect(first + events.length - 1).toBe(last)
      return events.map(({ text }) => text)
    }
    await append('1', '2')
    vi.setSystemTime(beganMs + hours * HOUR_MS)
    await append('3', '4')
    vi.setSystemTime(beganMs + HOUR_MS)
    await append('5', '6')
    expect(await keptAt(2 * HOUR_MS)).toEqual(['1', '2', '3', '4', '5', '6'])
    expect((await keptAt(26 * HOUR_MS)).length).toBeLessThan(6)
    expect(await keptAt(100 * HOUR_MS)).toEqual([])
    await log.close()
  },
)

test('sqlite-log keeps its epoch, event numbers and keys after a restart', async () => {
  const file = join(folder, 'kept.db')
  const before = sqliteLog(file)
  const { event } = await before.append('a', say('1'), 'key')
  await before.close()
  const after = sqliteLog(file)
  expect(after.epoch).toBe(before.epoch)
  expect(await after.append('a', say('1'), 'key')).toEqual({ event, repeated: true })
  await expect(after.append('a', say('another'), 'key')).rejects.toThrow(KeyReused)
  const eve = { type: 'message', user: 'Eve', text: '1' } as const
  expect((await after.append('b', eve, 'key')).repeated).toBe(false)
  expect((await after.append('a', say('2'))).event.id).toBe(`${before.epoch}.2`)
  await after.close()
})

test('memory-log has a new epoch at every start', () => {
  expect(memoryLog().epoch).not.toBe(memoryLog().epoch)
})

test('a second server with the same log file refuses to start and gives the reason', async () => {
  const file = join(folder, 'shared.db')
  const first = sqliteLog(file)
  expect(() => sqliteLog(file)).toThrow(/shared\.db cannot be used as the event log: another Fourwire is using it/)
  await first.append('a', say('1'))
  await first.close()
})
