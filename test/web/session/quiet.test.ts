import fc from 'fast-check'
import { expect, test } from 'vitest'
import { QUIET_MS, createQuiet } from '../../../web/session/quiet.ts'

test('a quiet time is recorded as soon as it is over', () => {
  const quiet = createQuiet()
  for (const ms of [0, 5000, 43_000, 44_000]) quiet.noteActivity(ms)
  expect(quiet.stretches).toEqual([{ fromMs: 5000, toMs: 43_000 }])
  expect(quiet.lastMs).toBe(44_000)
})

test('a late report of activity splits a recorded quiet time into two', () => {
  const quiet = createQuiet()
  for (const ms of [0, 40_000, 12_000, 35_000]) quiet.noteActivity(ms)
  expect(quiet.stretches).toEqual([
    { fromMs: 0, toMs: 12_000 },
    { fromMs: 12_000, toMs: 35_000 },
  ])
})

test('for any order of reports, the quiet times are exactly the long times without activity', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 2, maxLength: 20 }), (times) => {
      // The record begins with the first report.
      const quiet = createQuiet()
      const first = Math.min(...times)
      for (const ms of [first, ...times]) quiet.noteActivity(ms)
      const ascending = times.toSorted((a, b) => a - b)
      const gaps = ascending.flatMap((toMs, i) => {
        const fromMs = ascending[i - 1] ?? toMs
        return toMs - fromMs > QUIET_MS ? [{ fromMs, toMs }] : []
      })
      expect(quiet.stretches).toEqual(gaps)
    }),
  )
})
