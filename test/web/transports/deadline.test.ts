import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startDeadline, withinDeadline } from '../../../web/transports/deadline.ts'

/** Time in which the page did not run. `performance.now()` advances by it, but the timers do not. */
let blockedMs = 0
beforeEach(() => {
  blockedMs = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const { now } = performance
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + blockedMs)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('a deadline passes exactly when its time is over', () => {
  const passed = vi.fn()
  startDeadline(5000, passed)
  vi.advanceTimersByTime(4999)
  expect(passed).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(passed).toHaveBeenCalledOnce()
})

test('if the timer of a deadline is late, waiting events run first and can cancel the deadline', () => {
  const passed = vi.fn()
  const end = startDeadline(5000, passed)
  blockedMs = 10_000
  vi.advanceTimersByTime(5000)
  expect(passed).not.toHaveBeenCalled()
  end()
  vi.advanceTimersByTime(60_000)
  expect(passed).not.toHaveBeenCalled()
})

test('if the timer of a deadline is late and no event cancels it, the deadline passes a little later', () => {
  const passed = vi.fn()
  startDeadline(5000, passed)
  blockedMs = 10_000
  vi.advanceTimersByTime(6000)
  expect(passed).toHaveBeenCalledOnce()
})

test('a deadline passes even if its timers are always late, as on a hidden page', () => {
  const passed = vi.fn()
  startDeadline(5000, passed)
  for (let i = 0; i < 10; i++) {
    blockedMs += 60_000
    vi.advanceTimersToNextTimer()
  }
  expect(passed).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})

test('work that exceeds its deadline is aborted with a TimeoutError, and finished work leaves no timer', async () => {
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const late = withinDeadline(1000, never)
  const failed = expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
  vi.advanceTimersByTime(1000)
  await failed
  expect(await withinDeadline(1000, () => Promise.resolve('done'))).toBe('done')
  expect(vi.getTimerCount()).toBe(0)
})
