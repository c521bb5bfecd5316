import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPresence } from '../../../server/feed/presence.ts'
import type { Presence } from '../../../server/feed/presence.ts'
import type { RoomPresence } from '../../../server/protocol/feed.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const TIMES = { goneMs: 1000, typingMs: 500, tellMs: 100 }
const ada = { userId: 'ada', name: 'Ada', client: 'a1' }
const adaToo = { ...ada, client: 'a2' }
const grace = { userId: 'grace', name: 'Grace', client: 'g1' }

/** Watches the lobby and returns the list of states that it gets. */
function watched(presence: Presence): RoomPresence[] {
  const told: RoomPresence[] = []
  presence.watch('lobby', undefined, (state) => void told.push(state))
  return told
}

const names = (state: RoomPresence | undefined) => state?.here.map(({ name, tabs }) => `${name} ${tabs}`)

test('a client is present from its entry until some time after it has disconnected', () => {
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

test('a client that reconnects in time is present without an interruption', () => {
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

test('two tabs count as one person, who stays present when one tab closes', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  const close = [presence.enter('lobby', ada), presence.enter('lobby', adaToo)]
  vi.advanceTimersByTime(200)
  expect(told.at(-1)).toMatchObject({ people: 1, here: [{ userId: 'ada', name: 'Ada', tabs: 2 }] })
  close[0]?.()
  presence.leave('lobby', ada)
  vi.advanceTimersByTime(200)
  expect(names(told.at(-1))).toEqual(['Ada 1'])
  close[1]?.()
  presence.leave('lobby', adaToo)
  vi.advanceTimersByTime(200)
  expect(names(told.at(-1))).toEqual([])
})

test('a client that has sent a goodbye stops being present as soon as its last connection closes', () => {
  const presence = createPresence(TIMES)
  const away = presence.enter('lobby', ada)
  presence.leave('lobby', ada)
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby').people).toBe(1)
  away()
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby').people).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('entering again cancels a goodbye, and a connection that is still open does not cancel it', () => {
  const presence = createPresence(TIMES)
  const before = presence.enter('lobby', ada)
  presence.leave('lobby', ada)
  presence.enter('lobby', ada)
  before()
  vi.advanceTimersByTime(5000)
  expect(presence.of('lobby').people).toBe(1)
})

test('a person counts as typing until a time has passed, the person stops, or the person leaves', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  presence.typing('lobby', ada, true)
  presence.enter('lobby', ada)
  const closeGrace = presence.enter('lobby', grace)
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
  closeGrace()
  presence.leave('lobby', grace)
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby')).toMatchObject({ people: 1, typing: [] })
})

test('a new name applies to all tabs of a person', () => {
  const presence = createPresence(TIMES)
  presence.enter('lobby', ada)
  presence.enter('lobby', { ...adaToo, name: 'Countess' })
  vi.advanceTimersByTime(200)
  expect(presence.of('lobby').here).toEqual([{ userId: 'ada', name: 'Countess', tabs: 2 }])
})

test('if 200 people arrive within 2 s, watchers get few messages, and the first one is not delayed', () => {
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

test('watchers get no message about a change that is undone before the next message', () => {
  const presence = createPresence(TIMES)
  const told = watched(presence)
  presence.enter('lobby', ada)
  presence.enter('lobby', grace)()
  presence.leave('lobby', grace)
  vi.advanceTimersByTime(1000)
  expect(told).toHaveLength(2)
})

test('a watcher that has the latest version gets no message until there is a new version', () => {
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

test('a slow watcher gets the latest state when it is ready, and no earlier one', async () => {
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

test('the state of a room fits into one WebSocket frame, for any number of people and any names', () => {
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

test('a change in one room does not affect another room', () => {
  const presence = createPresence(TIMES)
  presence.enter('lobby', ada)
  expect(presence.of('other').people).toBe(0)
})

test('the version depends only on the content of the state, so a reader keeps its version after a restart', () => {
  const [presence, next] = [createPresence(TIMES), createPresence(TIMES)]
  const before = presence.of('lobby').version
  presence.enter('lobby', ada)
  const { version } = presence.of('lobby')
  expect([before, version].map((one) => next.isOutdated('lobby', one))).toEqual([false, true])
  next.enter('lobby', { ...ada, client: 'a3' })
  expect([before, version, undefined].map((one) => next.isOutdated('lobby', one))).toEqual([true, false, true])
})

test('no timer is left after all people have left or presence was stopped', () => {
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

test('above the limit, a new client replaces the client that has been disconnected for longest', () => {
  const presence = createPresence(TIMES, 100)
  presence.enter('lobby', ada)
  for (let i = 0; i < 1000; i++) presence.enter('lobby', { userId: `u${i}`, name: 'x', client: 'c' })()
  vi.advanceTimersByTime(900)
  const here = presence.of('lobby').here.map(({ userId }) => userId)
  expect(here).toHaveLength(100)
  expect(here).toContain('ada')
  expect(here).toContain('u999')
  expect(here).not.toContain('u900')
  vi.advanceTimersByTime(60_000)
  expect(presence.of('lobby')).toMatchObject({ people: 1 })
})

test('a new client is not counted as present if the limit is reached and all other clients are connected', () => {
  const presence = createPresence(TIMES, 1)
  presence.enter('lobby', ada)
  presence.enter('lobby', grace)()
  vi.advanceTimersByTime(900)
  expect(presence.of('lobby').here).toMatchObject([{ userId: 'ada' }])
})

test('a client that replaces the only client of its room is present', () => {
  const presence = createPresence(TIMES, 1)
  presence.enter('lobby', ada)()
  presence.enter('lobby', grace)
  vi.advanceTimersByTime(900)
  expect(presence.of('lobby').here).toMatchObject([{ userId: 'grace' }])
})
