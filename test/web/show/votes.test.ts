import { expect, test } from 'vitest'
import { classMedian, countsOf, valuesOf, votedText } from '../../../web/show/votes.ts'
import { stateOf } from './scenes.ts'

test('hands count like phones, and hidden votes stay hidden', () => {
  expect(countsOf({ votes: [1, 2, 0], hands: [0, 3, 1] })).toEqual([1, 5, 1])
  expect(countsOf({ votes: [1, 2], hands: null })).toEqual([1, 2])
  expect(countsOf({ votes: null, hands: null })).toBeNull()
  expect(countsOf({ votes: null, hands: [4, 0] })).toEqual([4, 0])
})

test("the class's median is the value that half of the votes do not exceed", () => {
  expect(classMedian([5000, 50, 500], [1, 1, 1])).toBe(500)
  expect(classMedian([50, 500, 5000], [3, 0, 4])).toBe(5000)
  expect(classMedian([50, 500], [2, 2])).toBe(50)
  expect(classMedian([50, 500], [0, 0])).toBeNull()
})

test('answers have values only if every answer is a number', () => {
  expect(
    valuesOf([
      { text: 'a', value: 0 },
      { text: 'b', value: 3 },
    ]),
  ).toEqual([0, 3])
  expect(valuesOf([{ text: 'a', value: 0 }, { text: 'none' }])).toBeNull()
  expect(valuesOf([])).toBeNull()
})

test('the count of votes names phones and hands', () => {
  expect(votedText(stateOf({ voted: 25, here: 27 }))).toBe('25 of 27 phones')
  expect(votedText(stateOf({ voted: 25, here: 27, hands: [3, 4] }))).toBe('25 of 27 phones · 7 hands')
})
