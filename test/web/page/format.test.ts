import { expect, test } from 'vitest'
import { age, atPoint, bytes, milliseconds, plusMinus, short } from '../../../web/page/format.ts'

test('a delay under 10 ms is shown with one decimal, but only if the clock is exact enough', () => {
  expect([0.34, 9.94, 9.96, 501.4, 12_340].map((ms) => milliseconds(ms))).toEqual(['0.3', '9.9', '10', '501', '12.3 s'])
  expect(milliseconds(3.4, 2)).toBe('3')
  expect(milliseconds(-0.2, 0.4)).toBe('0.0')
})

test('an unknown figure is shown as a dash, never as 0', () => {
  expect([null, undefined, Number.NaN].map((ms) => milliseconds(ms))).toEqual(['–', '–', '–'])
  expect(plusMinus(null)).toBe('±–')
})

test('figures are split at the decimal point for their alignment', () => {
  expect([atPoint('0.3'), atPoint('501'), atPoint('12.3 s')]).toEqual([
    ['0', '.3'],
    ['501', ''],
    ['12.3 s', ''],
  ])
})

test('an age is shown in a short form with one unit', () => {
  expect([400, 61_000, 7_200_000].map(age)).toEqual(['0.4 s', '1 min', '2 h'])
})

test('numbers of bytes and counts are shown in a short form, with a unit prefix for thousands', () => {
  expect([0, 147.6, 1234, 99_999, 123_456, 2_800_000_000, null].map(bytes)).toEqual(
    '0 B|148 B|1234 B|100 kB|123 kB|2.8 GB|–'.split('|'),
  )
  expect([3_600_000, 480_000, 1000, 999.9, 12].map(short)).toEqual(['3.6 M', '480 k', '1 k', '1 k', '12 '])
})
