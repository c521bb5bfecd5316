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

test('a deadline passes when its time is over, and not a millisecond sooner', () => {
  const passed = vi.fn()
  startDeadline(5000, passed)
  vi.advanceTimersByTime(4999)
  expect(passed).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(passed).toHaveBeenCalledOnce()
})

test('a late timer lets waiting events run first, and they can cancel it', () => {
  const passed = vi.fn()
  const end = startDeadline(5000, passed)
  blockedMs = 10_000
  vi.advanceTimersByTime(5000)
  expect(passed).not.toHaveBeenCalled()
  end()
  vi.advanceTimersByTime(60_000)
  expect(passed).not.toHaveBeenCalled()
})

test('a late timer passes a little later if there is no waiting event', () => {
  const passed = vi.fn()
  startDeadline(5000, passed)
  blockedMs = 10_000
  vi.advanceTimersByTime(6000)
  expect(passed).toHaveBeenCalledOnce()
})

test('timers that are always late, as those of a hidden page, still end', () => {
  const passed = vi.fn()
  startDeadline(5000, passed)
  for (let i = 0; i < 10; i++) {
    blockedMs += 60_000
    vi.advanceTimersToNextTimer()
  }
  expect(passed).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})

test('late work is aborted with a TimeoutError, and finished work leaves no timer', async () => {
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const late = withinDeadline(1000, never)
  const failed = expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
  vi.advanceTimersByTime(1000)
  await failed
  expect(await withinDeadline(1000, () => Promise.resolve('done'))).toBe('done')
  expect(vi.getTimerCount()).toBe(0)
})
