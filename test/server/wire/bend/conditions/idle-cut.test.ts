import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { idleCut } from '../../../../../server/wire/bend/conditions/idle-cut.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('the idle cut cuts a connection a fixed time after its last byte', () => {
  const cut = vi.fn()
  const { heard } = idleCut(1000, cut)
  vi.advanceTimersByTime(900)
  heard()
  vi.advanceTimersByTime(999)
  expect(cut).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(cut).toHaveBeenCalledTimes(1)
})

test('an idle cut that was stopped does not cut the connection', () => {
  const cut = vi.fn()
  const { stop } = idleCut(1000, cut)
  stop()
  vi.advanceTimersByTime(5000)
  expect(cut).not.toHaveBeenCalled()
})
