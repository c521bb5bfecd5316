import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchClock } from '../../../web/state/wake.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('time that passes as it should is no jump', () => {
  const jumped = vi.fn()
  const stop = watchClock(jumped)
  vi.advanceTimersByTime(60_000)
  stop()
  expect(jumped).not.toHaveBeenCalled()
})

test('a clock that moves against the other is a jump, once', () => {
  const jumped = vi.fn()
  const stop = watchClock(jumped)
  vi.advanceTimersByTime(2000)
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(5000)
  stop()
  expect(jumped).toHaveBeenCalledOnce()
  expect(jumped.mock.calls[0]?.[0]).toBeCloseTo(3_600_000, -2)
})

test('stops completely', () => {
  const stop = watchClock(() => {})
  stop()
  expect(vi.getTimerCount()).toBe(0)
})
