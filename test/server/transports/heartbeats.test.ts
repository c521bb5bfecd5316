import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHeartbeats } from '../../../server/transports/heartbeats.ts'

const EVERY_MS = 16_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

test('each client gets its first heartbeat after at most one interval, and then one in each interval', () => {
  const beats = new Map<string, number[]>()
  const heartbeats = createHeartbeats<string>(EVERY_MS, (client) => {
    beats.set(client, [...(beats.get(client) ?? []), performance.now()])
  })
  const cameAtMs = new Map<string, number>()
  for (const client of ['a', 'b', 'c']) {
    cameAtMs.set(client, performance.now())
    heartbeats.add(client)
    vi.advanceTimersByTime(2500)
  }
  vi.advanceTimersByTime(3 * EVERY_MS)
  for (const [client, cameMs] of cameAtMs) {
    const [first = NaN, ...others] = beats.get(client) ?? []
    expect(first - cameMs).toBeGreaterThan((EVERY_MS * 14) / 16)
    expect(first - cameMs).toBeLessThanOrEqual(EVERY_MS)
    expect(others.slice(0, 2)).toEqual([first + EVERY_MS, first + 2 * EVERY_MS])
  }
  for (const client of cameAtMs.keys()) heartbeats.remove(client)
  expect(vi.getTimerCount()).toBe(0)
})

test('clients that come together share a timer, and a group without clients has none', () => {
  const heartbeats = createHeartbeats<number>(EVERY_MS, () => {})
  for (let client = 0; client < 100; client++) {
    heartbeats.add(client)
    vi.advanceTimersByTime(EVERY_MS / 50)
  }
  expect(vi.getTimerCount()).toBeLessThanOrEqual(17)
  for (let client = 0; client < 100; client++) heartbeats.remove(client)
  expect(vi.getTimerCount()).toBe(0)
})
