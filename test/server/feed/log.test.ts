/** One suite for all logs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Log, Retention } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import type { Event } from '../../../server/protocol.ts'
import { until } from '../../until.ts'

const folder = await mkdtemp(join(tmpdir(), 'fourwire-log-'))
let files = 0
const LOGS: [string, (retention?: Retention) => Log][] = [
  ['memory-log', memoryLog],
  ['sqlite-log', (retention) => sqliteLog(join(folder, `${++files}.db`), retention)],
]
afterAll(() => rm(folder, { recursive: true }))

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

describe.each(LOGS)('%s', (_name, create) => {
  test('numbers the events of each room densely from 1', async () => {
    const log = create()
    const rooms = ['a', 'b', 'a', 'a', 'b']
    const appended = await Promise.all(rooms.map((room) => log.append(room, say('x'))))
    expect(appended.map(({ event }) => event.id)).toEqual([1, 1, 2, 3, 2].map((seq) => `${log.epoch}.${seq}`))
    await log.close()
  })

  test('answers what it was given, and when it was accepted', async () => {
    const log = create()
    const beforeMs = Date.now()
    const { event, repeated } = await log.append('a', say('héllo \u0000 🜁'))
    expect(event).toMatchObject({ room: 'a', type: 'message', user: 'Ada', text: 'héllo \u0000 🜁' })
    expect(Math.abs(event.at - beforeMs)).toBeLessThan(1000)
    expect(repeated).toBe(false)
    expect(await log.read('a', 0, 10)).toEqual([event])
    await log.close()
  })

  test('reads behind a seq, oldest first, within the limit', async () => {
    const log = create()
    for (let i = 1; i <= 10; i++) await log.append('a', say(String(i)))
    const texts = async (after: number, limit: number) => (await log.read('a', after, limit)).map(({ text }) => text)
    expect(await texts(0, 3)).toEqual(['1', '2', '3'])
    expect(await texts(8, 99)).toEqual(['9', '10'])
    expect(await texts(10, 99)).toEqual([])
    expect(await log.read('empty', 0, 99)).toEqual([])
    await log.close()
  })

  test('says what it keeps', async () => {
    const log = create({ events: 3, ageMs: Infinity })
    expect(await log.extent('a')).toEqual({ first: 1, last: 0 })
    for (let i = 1; i <= 5; i++) await log.append('a', say(String(i)))
    expect(await log.extent('a')).toEqual({ first: 3, last: 5 })
    expect((await log.read('a', 0, 99)).map(({ text }) => text)).toEqual(['3', '4', '5'])
    await log.close()
  })

  test('keeps what events add up to with the last of them, and longer than them', async () => {
    const log = create({ events: 1, ageMs: Infinity })
    const { states } = log
    if (!states) throw new Error('This log keeps no states.')
    expect(await states.of('a')).toEqual({ text: null, last: 0 })
    await Promise.all([
      log.append('a', say('1'), 'key', 'one'),
      log.append('a', say('2')),
      log.append('b', say('3'), undefined, 'b'),
    ])
    expect(await states.of('a')).toEqual({ text: 'one', last: 2 })
    // What is not appended once more leaves no state either; and this key is forgotten already.
    await log.append('b', say('4'), 'b-key', 'b4')
    await log.append('b', say('5'), 'b-key', 'b5')
    expect(await states.of('b')).toEqual({ text: 'b4', last: 2 })
    expect(await states.earlier('b', 'b-key')).toMatchObject({ text: '4' })
    expect([await states.earlier('a', 'key'), await states.earlier('c', 'key')]).toEqual([undefined, undefined])
    expect(await states.count()).toBe(2)
    await log.append('a', say('6'), undefined, null)
    expect([await states.of('a'), await states.count()]).toEqual([{ text: null, last: 3 }, 1])
    await log.close()
  })

  test('a repeated key answers the first event again, also in the same commit', async () => {
    const log = create()
    const [first, same] = await Promise.all([log.append('a', say('1'), 'key'), log.append('a', say('2'), 'key')])
    const later = await log.append('a', say('3'), 'key')
    expect([same, later]).toEqual([
      { event: first.event, repeated: true },
      { event: first.event, repeated: true },
    ])
    expect((await log.append('b', say('4'), 'key')).repeated).toBe(false)
    expect(await log.read('a', 0, 99)).toHaveLength(1)
    await log.close()
  })

  test('a key goes with its event', async () => {
    const log = create({ events: 1, ageMs: Infinity })
    await log.append('a', say('1'), 'key')
    await log.append('a', say('2'))
    expect((await log.append('a', say('3'), 'key')).repeated).toBe(false)
    await log.close()
  })

  test('tells of each commit once, in order, before the append resolves', async () => {
    const log = create()
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

  test('tells nobody of a repeated key', async () => {
    const log = create()
    await log.append('a', say('1'), 'key')
    let told = 0
    log.onCommit(() => told++)
    await log.append('a', say('1'), 'key')
    expect(told).toBe(0)
    await log.close()
  })

  test('keeps the same as a plain list, whatever is appended', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            room: fc.constantFrom('a', 'b'),
            text: fc.string({ unit: 'binary' }),
            key: fc.option(fc.constantFrom('k', 'l', 'm'), { nil: undefined }),
          }),
        ),
        fc.integer({ min: 1, max: 8 }),
        async (drafts, events) => {
          const log = create({ events, ageMs: Infinity })
          const model = new Map<string, { text: string; seq: number; key: string | undefined }[]>()
          const last = new Map<string, number>()
          for (const { room, text, key } of drafts) {
            const kept = model.get(room) ?? []
            const { repeated } = await log.append(room, say(text), key)
            expect(repeated).toBe(key !== undefined && kept.some((one) => one.key === key))
            if (repeated) continue
            const seq = (last.get(room) ?? 0) + 1
            last.set(room, seq)
            model.set(room, [...kept, { text, seq, key }].slice(-events))
          }
          for (const [room, kept] of model) {
            expect((await log.read(room, 0, 1000)).map((event) => [event.text, event.id])).toEqual(
              kept.map(({ text, seq }) => [text, `${log.epoch}.${seq}`]),
            )
          }
          await log.close()
        },
      ),
      { numRuns: 30 },
    )
  })
})

test('memory-log forgets by age', async () => {
  const log = memoryLog({ events: 100, ageMs: 20 })
  await log.append('a', say('old'))
  await until('it is forgotten', async () => (await log.extent('a')).first === 2)
  expect(await log.read('a', 0, 9)).toEqual([])
})

test('sqlite-log forgets by age when it is opened', async () => {
  const file = join(folder, 'aged.db')
  const before = sqliteLog(file)
  const { event } = await before.append('a', say('old'))
  await before.close()
  await until('it is old', () => Date.now() > event.at + 30)
  const after = sqliteLog(file, { events: 100, ageMs: 20 })
  expect(await after.extent('a')).toEqual({ first: 2, last: 1 })
  await after.close()
})

test('sqlite-log keeps epoch, numbers and keys across a restart', async () => {
  const file = join(folder, 'kept.db')
  const before = sqliteLog(file)
  const { event } = await before.append('a', say('1'), 'key')
  await before.close()
  const after = sqliteLog(file)
  expect(after.epoch).toBe(before.epoch)
  expect(await after.append('a', say('again'), 'key')).toEqual({ event, repeated: true })
  expect((await after.append('a', say('2'))).event.id).toBe(`${before.epoch}.2`)
  await after.close()
})

test('memory-log has a new epoch at every start', () => {
  expect(memoryLog().epoch).not.toBe(memoryLog().epoch)
})

test('a second server on the same file is refused and told why', async () => {
  const file = join(folder, 'shared.db')
  const first = sqliteLog(file)
  expect(() => sqliteLog(file)).toThrow(/shared\.db cannot be used as the event log: another Fourwire is using it/)
  await first.append('a', say('1'))
  await first.close()
})
