import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchPace } from '../../../web/lane/pace.ts'

/** Readings of the computer's two clocks, in ms. */
const clock = { wall: 0, monotonic: 0 }

beforeEach(() => {
  Object.assign(clock, { wall: 1.8e12, monotonic: 1000 })
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.spyOn(Date, 'now').mockImplementation(() => clock.wall)
  vi.spyOn(performance, 'now').mockImplementation(() => clock.monotonic)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('a page that runs normally is not reported as late, and its clocks are not reported as different', () => {
  const { pace, late, movedApart } = begin()
  run(60_000)
  pace.stop()
  expect(late).not.toHaveBeenCalled()
  expect(movedApart).not.toHaveBeenCalled()
})

test.each([1200, 3000, 10_000, 40_000])('a page that does not run for %i ms is reported as late once', (ms) => {
  const { pace, late, movedApart } = begin()
  run(2000)
  block(ms)
  run(2000)
  pace.stop()
  expect(late).toHaveBeenCalledOnce()
  expect(Math.abs((late.mock.calls[0]?.[0] ?? 0) - ms)).toBeLessThan(260)
  expect(movedApart).not.toHaveBeenCalled()
})

test('if an event handler detects a late page before the timer does, the page is still reported as late only once', () => {
  const { pace, late } = begin()
  block(3000)
  pace.look()
  expect(late).toHaveBeenCalledOnce()
  run(1000)
  pace.stop()
  expect(late).toHaveBeenCalledOnce()
})

test('a page that is blocked several times is reported as late after each block', () => {
  const { pace, late } = begin()
  for (let i = 0; i < 5; i++) {
    block(1200)
    run(400)
  }
  pace.stop()
  expect(late).toHaveBeenCalledTimes(5)
})

test.each([3_600_000, -3_600_000])(
  'clocks that move apart by %i ms are reported as different once, and the page is not reported as late',
  (ms) => {
    const { pace, late, movedApart } = begin()
    run(2000)
    setWall(ms)
    run(5000)
    pace.stop()
    expect(movedApart).toHaveBeenCalledOnce()
    expect(movedApart.mock.calls[0]?.[0]).toBeCloseTo(ms, -2)
    expect(late).not.toHaveBeenCalled()
  },
)

test('small corrections of the wall clock by NTP are not reported', () => {
  const { pace, movedApart } = begin()
  for (let i = 0; i < 100; i++) {
    setWall(100)
    run(250)
  }
  pace.stop()
  expect(movedApart).not.toHaveBeenCalled()
})

test('if the page calls startAgain after an expected pause, it is not reported as late', () => {
  const { pace, late, movedApart } = begin()
  block(60_000)
  setWall(3_600_000)
  pace.startAgain()
  run(1000)
  pace.stop()
  expect(late).not.toHaveBeenCalled()
  expect(movedApart).not.toHaveBeenCalled()
})

test('no timer is left after the pace is stopped', () => {
  begin().pace.stop()
  expect(vi.getTimerCount()).toBe(0)
})

function begin() {
  const late = vi.fn<(ms: number) => void>()
  const movedApart = vi.fn<(ms: number) => void>()
  return { pace: watchPace({ late, movedApart }), late, movedApart }
}

/** Lets both clocks advance, and fires the timers. */
function run(ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) {
    block(50)
    vi.advanceTimersByTime(50)
  }
}

/** Lets both clocks advance, but fires no timer. */
function block(ms: number): void {
  clock.wall += ms
  clock.monotonic += ms
}

/** Sets the wall clock forward or back. */
function setWall(ms: number): void {
  clock.wall += ms
}
