import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { idleCut } from '../../../../server/wire/conditions/idle-cut.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('cuts after so long without a byte, counted from the last one', () => {
  const cut = vi.fn()
  const { heard } = idleCut(1000, cut)
  vi.advanceTimersByTime(900)
  heard()
  vi.advanceTimersByTime(999)
  expect(cut).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(cut).toHaveBeenCalledTimes(1)
})

test('cuts nobody any more once it is stopped', () => {
  const cut = vi.fn()
  const { stop } = idleCut(1000, cut)
  stop()
  vi.advanceTimersByTime(5000)
  expect(cut).not.toHaveBeenCalled()
})
