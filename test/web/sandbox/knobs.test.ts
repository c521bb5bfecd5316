import { expect, test } from 'vitest'
import { RANGES } from '../../../server/wire/bend/ranges.ts'
import { KNOBS, positionOf, shownValue, typedValue, valueText } from '../../../web/sandbox/knobs.ts'

test('the network panel has a slider for every condition that is a number', () => {
  expect(KNOBS.map(({ name }) => name).toSorted()).toEqual(Object.keys(RANGES).toSorted())
})

test.each(KNOBS)(
  'the slider "$label" has only values that the server accepts, and each value converts back to its position',
  (knob) => {
    const { from, to } = RANGES[knob.name]
    const { values } = knob
    expect([values[0], values[1], values.at(-1)]).toEqual([0, knob.mildest, knob.worst])
    expect(values.length).toBeGreaterThan(50)
    for (const [position, value] of values.entries()) {
      expect(value === 0 || (value >= from && value <= to)).toBe(true)
      expect(positionOf(knob, value)).toBe(position)
      expect(typedValue(knob, String(shownValue(knob, value)))).toBe(value)
    }
  },
)

test.each(KNOBS)('the field "$label" limits a typed value to its range', (knob) => {
  const { from, to } = RANGES[knob.name]
  expect(typedValue(knob, '')).toBe(null)
  expect(typedValue(knob, 'x')).toBe(null)
  expect(typedValue(knob, '0')).toBe(0)
  expect(typedValue(knob, '-5')).toBe(0)
  expect(typedValue(knob, '1e12')).toBe(to)
  expect(typedValue(knob, '1e-9')).toBe(Math.max(from, Math.min(knob.mildest, knob.worst)))
})

test('the value of a condition is shown with its unit', () => {
  const texts = KNOBS.map((knob) => [valueText(knob, 0), valueText(knob, knob.worst)])
  expect(texts).toContainEqual(['none', '2,000 ms'])
  expect(texts).toContainEqual(['none', '50 %'])
  expect(texts).toContainEqual(['none', '0.5 s'])
})
