import { expect, test } from 'vitest'
import { RANGES } from '../../../server/wire/ranges.ts'
import { KNOBS, positionOf, shownValue, typedValue, valueText } from '../../../web/state/knobs.ts'

test('there is a knob for every condition that is a number', () => {
  expect(KNOBS.map(({ name }) => name).toSorted()).toEqual(Object.keys(RANGES).toSorted())
})

test.each(KNOBS)('$label sets nothing that the server refuses, and comes back to where it was', (knob) => {
  const { from, to } = RANGES[knob.name]
  const { values } = knob
  expect([values[0], values[1], values.at(-1)]).toEqual([0, knob.mildest, knob.worst])
  expect(values.length).toBeGreaterThan(50)
  for (const [position, value] of values.entries()) {
    expect(value === 0 || (value >= from && value <= to)).toBe(true)
    expect(positionOf(knob, value)).toBe(position)
    expect(typedValue(knob, String(shownValue(knob, value)))).toBe(value)
  }
})

test.each(KNOBS)('$label takes what is typed, within what there is', (knob) => {
  const { from, to } = RANGES[knob.name]
  expect(typedValue(knob, '')).toBe(null)
  expect(typedValue(knob, 'x')).toBe(null)
  expect(typedValue(knob, '0')).toBe(0)
  expect(typedValue(knob, '-5')).toBe(0)
  expect(typedValue(knob, '1e12')).toBe(to)
  expect(typedValue(knob, '1e-9')).toBe(Math.max(from, Math.min(knob.mildest, knob.worst)))
})

test('a value is told with its unit', () => {
  const texts = KNOBS.map((knob) => [valueText(knob, 0), valueText(knob, knob.worst)])
  expect(texts).toContainEqual(['none', '2,000 ms'])
  expect(texts).toContainEqual(['none', '50 %'])
  expect(texts).toContainEqual(['none', '0.5 s'])
})
