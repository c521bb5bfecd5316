/** Tests of cut and slow clients, with an adapter in this process. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { markIn } from './adapter.ts'
import type { Adapter, ClientListener, ComparedServer } from './adapter.ts'
import { createFleet } from './fleet.ts'
import { now } from './now.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const CLIENTS = 10

test('in a storm, all clients are cut at once, and each returns once with its cursor', async () => {
  const { fleet, opened } = await connected()
  fleet.storm(now() + 100, 1000, 3)
  await vi.advanceTimersByTimeAsync(99)
  expect(open(opened)).toHaveLength(CLIENTS)
  await vi.advanceTimersByTimeAsync(2)
  expect({ open: open(opened).length, away: fleet.away() }).toEqual({ open: 0, away: CLIENTS })
  await vi.advanceTimersByTimeAsync(500)
  expect(open(opened).length).toBeGreaterThan(0)
  expect(open(opened).length).toBeLessThan(CLIENTS)
  await vi.advanceTimersByTimeAsync(500)
  expect(
    opened
      .slice(CLIENTS)
      .map(({ cursor }) => cursor)
      .toSorted(),
  ).toEqual(Array.from({ length: CLIENTS }, (_, i) => `c${i}`))
  const { dropped, storm } = fleet.outcome()
  expect({ dropped, retries: storm?.retries, returned: storm?.liveAfterMs.length }).toEqual({
    dropped: 0,
    retries: 0,
    returned: CLIENTS,
  })
  expect(Math.max(...(storm?.liveAfterMs ?? []))).toBeLessThanOrEqual(1001)
})

test('the use of the network includes the connections that are cut', async () => {
  const { fleet } = await connected()
  expect(fleet.usage()).toEqual({ bytesUp: CLIENTS, bytesDown: 10 * CLIENTS, requests: CLIENTS })
  fleet.storm(now(), 0, 3)
  await vi.advanceTimersByTimeAsync(10)
  expect(fleet.usage()).toEqual({ bytesUp: 2 * CLIENTS, bytesDown: 20 * CLIENTS, requests: 2 * CLIENTS })
})

test('a client whose try fails in a storm tries again, and counts as dropped while it is away', async () => {
  const { fleet, refuse } = await connected()
  refuse(true)
  fleet.storm(now(), 0, 3)
  await vi.advanceTimersByTimeAsync(200)
  expect(fleet.outcome()).toMatchObject({ dropped: CLIENTS, storm: { retries: CLIENTS, liveAfterMs: [] } })
  refuse(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect({ away: fleet.away(), dropped: fleet.outcome().dropped }).toEqual({ away: 0, dropped: 0 })
})

test('slow clients stop reading and read again, and the others are not paused', async () => {
  const { fleet, opened } = await connected()
  fleet.pause(20)
  expect(opened.filter(({ isPaused }) => isPaused)).toHaveLength(2)
  fleet.resume()
  expect(opened.filter(({ isPaused }) => isPaused)).toHaveLength(0)
  expect(fleet.outcome().slow).toEqual({ dropped: 0, unreadBytes: 0 })
})

test('a slow client that the server drops returns with its cursor, and does not count as dropped', async () => {
  const { fleet, opened } = await connected()
  fleet.pause(20)
  opened.find(({ isPaused }) => isPaused)?.client.failed('reset')
  expect(fleet.outcome()).toMatchObject({ dropped: 0, slow: { dropped: 1 } })
  expect(opened[CLIENTS]?.cursor).toBe('c4')
})

test('a fast client that loses its connection counts as dropped', async () => {
  const { fleet, opened } = await connected()
  opened[3]?.client.failed('reset')
  expect(fleet.outcome().dropped).toBe(1)
})

interface Opened {
  readonly client: ClientListener
  readonly cursor: string | undefined
  isPaused: boolean
  isOpen: boolean
}

const open = (all: readonly Opened[]): readonly Opened[] => all.filter(({ isOpen }) => isOpen)

/** A fleet whose clients are live. The cursor of a client is its number. */
async function connected() {
  const opened: Opened[] = []
  let isRefusing = false
  const adapter: Adapter = {
    name: 'test',
    transports: ['line'],
    match: markIn,
    connect(_target, client, cursor) {
      const one: Opened = { client, cursor, isPaused: false, isOpen: true }
      const number = opened.push(one) - 1
      if (isRefusing) setTimeout(() => client.failed('refused'), 1)
      else client.live()
      return {
        close: () => (one.isOpen = false),
        cursor: () => cursor ?? `c${number}`,
        usage: () => ({ bytesUp: 1, bytesDown: 10, requests: 1 }),
        pause: () => (one.isPaused = true),
        resume: () => (one.isPaused = false),
      }
    },
  }
  const fleet = createFleet(adapter, target, { first: 0, count: CLIENTS, gapMs: 0 }, () => {})
  expect(await fleet.open()).toBeNull()
  return { fleet, opened, refuse: (on: boolean) => (isRefusing = on) }
}

const url = new URL('http://x/')
const target: ComparedServer = { transport: 'line', url, publishUrl: url, run: 'a', intervalMs: 1000, waitS: 25 }
