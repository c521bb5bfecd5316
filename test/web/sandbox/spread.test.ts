import { expect, test } from 'vitest'
import { spread } from '../../../web/sandbox/spread.ts'

test('marks with enough room stay at their own places', () => {
  expect(spread([80, 20, 50], 12, 0, 100)).toEqual([80, 20, 50])
})

test('marks that would cover each other are moved apart, and keep their order', () => {
  const places = spread([60, 61, 62, 63], 12, 0, 100)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  for (const [i, y] of places.entries()) if (i > 0) expect(y - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(12)
})

test('no mark leaves the picture at its bottom or its top', () => {
  expect(spread([100, 100, 100], 12, 0, 100)).toEqual([76, 88, 100])
  expect(spread([-5, 1, 2], 12, 0, 100)).toEqual([0, 12, 24])
})
