import { expect, test } from 'vitest'
import { age, atPoint, milliseconds, plusMinus } from '../../../web/view/format.ts'

test('delays have one decimal under 10 ms, none above, and never more than the clock allows', () => {
  expect([0.34, 9.94, 9.96, 501.4, 12_340].map((ms) => milliseconds(ms))).toEqual(['0.3', '9.9', '10', '501', '12.3 s'])
  expect(milliseconds(3.4, 2)).toBe('3')
  expect(milliseconds(-0.2, 0.4)).toBe('0.0')
})

test('what is not known is a dash, never 0', () => {
  expect([null, undefined, Number.NaN].map((ms) => milliseconds(ms))).toEqual(['–', '–', '–'])
  expect(plusMinus(null)).toBe('±–')
})

test('figures line up at their points', () => {
  expect([atPoint('0.3'), atPoint('501'), atPoint('12.3 s')]).toEqual([
    ['0', '.3'],
    ['501', ''],
    ['12.3 s', ''],
  ])
})

test('ages are short', () => {
  expect([400, 61_000, 7_200_000].map(age)).toEqual(['0.4 s', '1 min', '2 h'])
})
