import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPresence } from '../../../server/feed/presence.ts'
import type { Presence } from '../../../server/feed/presence.ts'
import type { RoomPresence } from '../../../server/protocol.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const TIMES = { goneMs: 1000, typingMs: 500, tellMs: 100 }
const ada = { userId: 'ada', name: 'Ada', client: 'a1' }
const adaToo = { ...ada, client: 'a2' }
const grace = { userId: 'grace', name: 'Grace', client: 'g1' }

/** All that is told of the lobby to one who watches it. */
function watched(presence: Presence): RoomPresence[] {
  const told: RoomPresence[] = []
  presence.watch('lobby', undefined, (state) => void told.push(state))
  return told
}

const names = (state: RoomPresence | undefined) => state?.here.map(({ name, tabs }) => `${name} ${tabs}`)

test('who enters is here, and for a while after having left without a word', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  const away = presence.enter('lobby', ada)
  expect(names(told.at(-1))).toEqual(['Ada 1'])
  away()
  vi.advanceTimersByTime(999)
  expect(presence.of('lobby').people).toBe(1)
  vi.advanceTimersByTime(1)
  expect(presence.of('lobby').people).toBe(0)
  expect(told.map(({ people }) => people)).toEqual([0, 1, 0])
})

test('who comes back in time has never been away, by whatever it comes', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  for (let turn = 0; turn < 5; turn++) {
    presence.enter('lobby', ada)()
    vi.advanceTimersByTime(900)
  }
  const first = presence.enter('lobby', ada)
  const second = presence.enter('lobby', ada)
  first()
  vi.advanceTimersByTime(5000)
  second()
  second()
  expect(told.map(names)).toEqual([[], ['Ada 1']])
})

test('two tabs are one person, and one of them closing is no leaving', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  presence.enter('lobby', ada)
  presence.enter('lobby', adaToo)
  vi.advanceTimersByTime(200)
  expect(told.at(-1)).toMatchObject({ people: 1, here: [{ userId: 'ada', name: 'Ada', tabs: 2 }] })
  presence.leave('lobby', ada)
  vi.advanceTimersByTime(200)
  expect(names(told.at(-1))).toEqual(['Ada 1'])
  presence.leave('lobby', adaToo)
  vi.advanceTimersByTime(200)
  expect(names(told.at(-1))).toEqual([])
})

test('who says goodbye is gone at once, and what it leaves open is not waited for', () => {
  const presence = createPresence(TIMES)
  const away = presence.enter('lobby', ada)
  presence.leave('lobby', ada)
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby').people).toBe(0)
  away()
  expect(vi.getTimerCount()).toBe(0)
})

test('a goodbye is not undone by what was opened before it, only by what comes after', () => {
  const presence = createPresence(TIMES)
  const before = presence.enter('lobby', ada)
  presence.leave('lobby', ada)
  presence.enter('lobby', ada)
  before()
  vi.advanceTimersByTime(5000)
  expect(presence.of('lobby').people).toBe(1)
})

test('typing ends by itself, when it is said to be over, and with the leaving', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  presence.typing('lobby', ada, true)
  presence.enter('lobby', ada)
  presence.enter('lobby', grace)
  presence.typing('lobby', ada, true)
  vi.advanceTimersByTime(200)
  expect(told.at(-1)?.typing).toEqual(['ada'])
  vi.advanceTimersByTime(200)
  presence.typing('lobby', ada, true)
  vi.advanceTimersByTime(400)
  expect(presence.of('lobby').typing).toEqual(['ada'])
  vi.advanceTimersByTime(101)
  expect(presence.of('lobby').typing).toEqual([])
  presence.typing('lobby', ada, true)
  presence.typing('lobby', grace, true)
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby').typing).toEqual(['ada', 'grace'])
  presence.typing('lobby', ada, false)
  presence.leave('lobby', grace)
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby')).toMatchObject({ people: 1, typing: [] })
})

test('a new name counts for all of a person\u2019s tabs', () => {
  const presence = createPresence(TIMES)
  presence.enter('lobby', ada)
  presence.enter('lobby', { ...adaToo, name: 'Countess' })
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby').here).toEqual([{ userId: 'ada', name: 'Countess', tabs: 2 }])
})

test('a class that arrives together makes few messages, and the first of it none late', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  for (let i = 0; i < 200; i++) {
    presence.enter('lobby', { userId: `u${i}`, name: `Student ${i}`, client: 'c' })
    vi.advanceTimersByTime(10)
  }
  vi.advanceTimersByTime(2000)
  expect(told[1]?.people).toBe(1)
  expect(told.at(-1)?.here).toHaveLength(200)
  expect(told.length).toBeLessThan(12)
})

test('what changed and changed back between two tellings is not told', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  presence.enter('lobby', ada)
  presence.enter('lobby', grace)
  presence.leave('lobby', grace)
  vi.advanceTimersByTime(1000)
  expect(told).toHaveLength(2)
})

test('whoever has the latest version is told nothing until there is another', () => {
  const presence = createPresence(TIMES)
  presence.enter('lobby', ada)
  const told: RoomPresence[] = []
  const stop = presence.watch('lobby', presence.of('lobby').version, (state) => void told.push(state))
  vi.advanceTimersByTime(1000)
  expect(told).toEqual([])
  presence.enter('lobby', grace)
  expect(told).toEqual([presence.of('lobby')])
  stop()
  presence.leave('lobby', grace)
  vi.advanceTimersByTime(1000)
  expect(told).toHaveLength(1)
})

test('a slow watcher is told the latest state when it is ready, and none of those between', async () => {
  const presence = createPresence(TIMES)
  const { promise, resolve } = Promise.withResolvers<void>()
  const told: RoomPresence[] = []
  presence.watch('lobby', undefined, (state) => {
    told.push(state)
    return told.length === 1 ? promise : undefined
  })
  for (let i = 0; i < 5; i++) {
    presence.enter('lobby', { userId: `u${i}`, name: `U${i}`, client: 'c' })
    vi.advanceTimersByTime(1000)
  }
  expect(told).toHaveLength(1)
  resolve()
  await promise
  await Promise.resolve()
  expect(told.map(({ people }) => people)).toEqual([0, 5])
})

test('what is told fits one WebSocket frame, however many are here and whatever they are called', () => {
  const presence = createPresence(TIMES)
  for (let i = 0; i < 1000; i++)
    presence.enter('lobby', { userId: `${i}${'\u{1F600}'.repeat(60)}`, name: '\u0001'.repeat(64), client: 'c' })
  for (let i = 0; i < 1000; i++)
    presence.typing('lobby', { userId: `${i}${'\u{1F600}'.repeat(60)}`, name: '', client: 'c' }, true)
  vi.advanceTimersByTime(10_000)
  presence.typing('lobby', { userId: `1${'\u{1F600}'.repeat(60)}`, name: '', client: 'c' }, true)
  vi.advanceTimersByTime(10_000)
  const state = presence.of('lobby')
  expect(state.people).toBe(1000)
  expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(0xffff)
})

test('rooms are apart, and the versions of two lives are never the same', () => {
  const [presence, next] = [createPresence(TIMES), createPresence(TIMES)]
  presence.enter('lobby', ada)
  next.enter('lobby', ada)
  expect(presence.of('other').people).toBe(0)
  expect(presence.of('lobby').version).not.toBe(next.of('lobby').version)
})

test('nothing is left when all have gone, and nothing when it stops', () => {
  const presence = createPresence(TIMES)
  const stop = presence.watch('lobby', undefined, () => {})
  presence.enter('lobby', ada)()
  presence.typing('lobby', ada, true)
  presence.enter('lobby', grace)()
  stop()
  vi.advanceTimersByTime(5000)
  expect(vi.getTimerCount()).toBe(0)
  expect(presence.of('lobby').people).toBe(0)
  presence.enter('lobby', ada)()
  presence.enter('lobby', grace)
  presence.typing('lobby', grace, true)
  presence.stop()
  expect(vi.getTimerCount()).toBe(0)
})

test('beyond the most clients nobody new is counted, and those who are here stay so', () => {
  const presence = createPresence(TIMES)
  for (let i = 0; i < 6000; i++) presence.enter('lobby', { userId: `u${i}`, name: 'x', client: 'c' })()
  vi.advanceTimersByTime(900)
  presence.enter('lobby', ada)()
  presence.enter('lobby', { userId: 'u0', name: 'x', client: 'c' })
  expect(presence.of('lobby').here[0]?.userId).toBe('u0')
  vi.advanceTimersByTime(60_000)
  expect(presence.of('lobby')).toMatchObject({ people: 1 })
})
