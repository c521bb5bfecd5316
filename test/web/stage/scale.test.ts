import { expect, test } from 'vitest'
import { scaleOf } from '../../../web/stage/scale.ts'

test('answers that stand apart have a linear axis from 0', () => {
  const { isLog, x } = scaleOf([250, 500, 1000], 200, 1200, 100)
  expect(isLog).toBe(false)
  expect(x(0)).toBe(200)
  expect(x(1000) - x(500)).toBeCloseTo(x(500) - x(0))
})

test('answers of different magnitude have a logarithmic axis, on which 0 is the left end', () => {
  const values = [0, 10, 40, 200]
  const { isLog, x } = scaleOf(values, 200, 1200, 80)
  expect(isLog).toBe(true)
  expect(x(0)).toBe(200)
  const positions = values.map(x)
  for (const [i, position] of positions.entries())
    if (i > 0) expect(position - (positions[i - 1] ?? 0)).toBeGreaterThan(80)
})

test('a value beyond the axis stays at its end, and an error of the clock at its beginning', () => {
  const { x } = scaleOf([100, 200], 200, 1200, 100)
  expect(x(1e9)).toBe(1200)
  expect(x(-1)).toBe(200)
})
