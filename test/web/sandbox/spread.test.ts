import { expect, test } from 'vitest'
import { spread } from '../../../web/sandbox/spread.ts'

test('the function spread leaves marks with enough room at their own places', () => {
  expect(spread([80, 20, 50], 12, 0, 100)).toEqual([80, 20, 50])
})

test('the function spread moves marks apart that would cover each other, and keeps their order', () => {
  const places = spread([60, 61, 62, 63], 12, 0, 100)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  for (const [i, y] of places.entries()) if (i > 0) expect(y - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(12)
})

test('the function spread puts no mark below the bottom or above the top of the picture', () => {
  expect(spread([100, 100, 100], 12, 0, 100)).toEqual([76, 88, 100])
  expect(spread([-5, 1, 2], 12, 0, 100)).toEqual([0, 12, 24])
})
