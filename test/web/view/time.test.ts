import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Span } from '../../../web/view/ladder/geometry.ts'
import { FOLD_PX, hiddenMs, pieces, timeAt, xAt } from '../../../web/view/ladder/time.ts'

test('without a fold time runs evenly', () => {
  const span = spanWith([])
  expect(xAt(span, 100_000)).toBe(600)
  expect(xAt(span, 95_000)).toBe(200)
  expect(timeAt(span, 200)).toBe(95_000)
  expect(span.fromMs).toBe(92_500)
})

test('a fold is as wide as it is, however long it was', () => {
  const span = spanWith([[40_000, 98_000]])
  expect(xAt(span, 98_000) - xAt(span, 40_000)).toBeCloseTo(FOLD_PX)
  expect(xAt(span, 100_000) - xAt(span, 98_000)).toBeCloseTo(160)
  expect(span.fromMs).toBeCloseTo(40_000 - (600 - 160 - FOLD_PX) / 0.08)
  expect(pieces(span)).toEqual([
    [span.fromMs, 40_000],
    [98_000, 100_000],
  ])
})

test('a place leads back to its moment, and a later moment lies further right', () => {
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

function spanWith(stretches: readonly (readonly [number, number])[]): Span {
  const folds = stretches.map(([fromMs, toMs]) => ({ fromMs, toMs, quietMs: toMs - fromMs }))
  const known = {
    width: 600,
    endMs: 100_000,
    pxPerMs: 0.08,
    nowMs: 100_000,
    dense: false,
    bands: [],
    aways: [],
    folds,
    hiddenMs: hiddenMs(folds, 0.08, 100_000),
  }
  return { ...known, fromMs: timeAt(known, 0) }
}
