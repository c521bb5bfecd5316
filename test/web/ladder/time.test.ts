import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createQuiet } from '../../../web/session/quiet.ts'
import type { Span } from '../../../web/ladder/geometry.ts'
import { foldsOf } from '../../../web/ladder/folds.ts'
import { FOLD_PX, hiddenMs, pieces, timeAt, xAt } from '../../../web/ladder/time.ts'

test('without a fold, the distance in the picture is proportional to the time', () => {
  const span = spanWith([])
  expect(xAt(span, 100_000)).toBe(600)
  expect(xAt(span, 95_000)).toBe(200)
  expect(timeAt(span, 200)).toBe(95_000)
  expect(span.fromMs).toBe(92_500)
})

test('a fold has the same width for any length of time', () => {
  const span = spanWith([[40_000, 98_000]])
  expect(xAt(span, 98_000) - xAt(span, 40_000)).toBeCloseTo(FOLD_PX)
  expect(xAt(span, 100_000) - xAt(span, 98_000)).toBeCloseTo(160)
  expect(span.fromMs).toBeCloseTo(40_000 - (600 - 160 - FOLD_PX) / 0.08)
  expect(pieces(span)).toEqual([
    [span.fromMs, 40_000],
    [98_000, 100_000],
  ])
})

test('converting a position to a time and back gives the same position, and later times are further right', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 400, max: 30_000 }), fc.integer({ min: 100, max: 9000 })), { maxLength: 5 }),
      fc.array(fc.integer({ min: -3000, max: 3000 }), { minLength: 2, maxLength: 8 }),
      (stretches, places) => {
        let atMs = 20_000
        const folds = stretches.map(([lengthMs, apartMs]): [number, number] => {
          const fromMs = atMs + apartMs
          atMs = fromMs + lengthMs
          return [fromMs, atMs]
        })
        const span = spanWith(folds)
        const times = places.toSorted((a, b) => a - b).map((x) => timeAt(span, x))
        for (const [i, x] of places.toSorted((a, b) => a - b).entries()) expect(xAt(span, times[i] ?? 0)).toBeCloseTo(x)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      },
    ),
  )
})

test('a quiet time is folded, except for the last 10 s before now and a small margin at both ends', () => {
  const quiet = createQuiet()
  for (const ms of [0, 38_000]) quiet.noteActivity(ms)
  expect(foldsOf(quiet, 0.08, 60_000)).toEqual([
    { fromMs: 200, toMs: 37_800, quietMs: 38_000 },
    { fromMs: 38_200, toMs: 50_000, quietMs: 22_000 },
  ])
  expect(foldsOf(quiet, 0.08, 40_000)).toEqual([{ fromMs: 200, toMs: 30_000, quietMs: 38_000 }])
})

test('while the picture rolls, a mark never moves further than the time that has passed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 50, max: 40_000 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0.02, 0.08, 1),
      (pauses, pxPerMs) => {
        const quiet = createQuiet()
        quiet.noteActivity(0)
        let beganMs = 0
        const places = new Map<number, number>()
        for (const pauseMs of pauses) {
          const nextMs = beganMs + pauseMs
          for (let nowMs = beganMs; nowMs < nextMs; nowMs += 100) {
            const span = rollingTo(nowMs, pxPerMs, foldsOf(quiet, pxPerMs, nowMs))
            for (const [ms, was] of places) {
              const is = xAt(span, ms)
              // Twice the distance is allowed, because a frame may fall between an event and its report.
              expect(was - is).toBeLessThanOrEqual(2 * 100 * pxPerMs + 0.01)
              expect(was - is).toBeGreaterThanOrEqual(-0.01)
              places.set(ms, is)
            }
          }
          quiet.noteActivity(nextMs)
          beganMs = nextMs
          places.set(nextMs, xAt(rollingTo(nextMs, pxPerMs, foldsOf(quiet, pxPerMs, nextMs)), nextMs))
        }
      },
    ),
  )
})

function rollingTo(endMs: number, pxPerMs: number, folds: Span['folds']): Span {
  const { fromMs: _, ...span } = spanWith([])
  const known = { ...span, endMs, pxPerMs, folds, hiddenMs: hiddenMs(folds, pxPerMs, endMs) }
  return { ...known, fromMs: timeAt(known, 0) }
}

function spanWith(stretches: readonly (readonly [number, number])[]): Span {
  const folds = stretches.map(([fromMs, toMs]) => ({ fromMs, toMs, quietMs: toMs - fromMs }))
  const known = {
    width: 600,
    endMs: 100_000,
    pxPerMs: 0.08,
    nowMs: 100_000,
    dense: false,
    bands: [],
    absences: [],
    folds,
    hiddenMs: hiddenMs(folds, 0.08, 100_000),
  }
  return { ...known, fromMs: timeAt(known, 0) }
}
