import { expect, test } from 'vitest'
import { stacksOf } from '../../../web/stage/blocks.ts'

const PLACES = [
  { x: 100, width: 180 },
  { x: 300, width: 180 },
]

test('every vote is one block, and blocks of all answers have one size', () => {
  const stacks = stacksOf([3, 7], PLACES, 200, 100)
  expect(stacks.map(({ length }) => length)).toEqual([3, 7])
  expect(new Set(stacks.flat().map(({ width, height }) => `${width} ${height}`)).size).toBe(1)
})

test('200 votes for one answer stay inside the height and the width of the answer', () => {
  const [stack = []] = stacksOf([200, 0], PLACES, 200, 100)
  expect(stack).toHaveLength(200)
  for (const { x, y, width } of stack) {
    expect(y).toBeGreaterThanOrEqual(100 - 1e-9)
    expect(x).toBeGreaterThanOrEqual(10)
    expect(x + width).toBeLessThanOrEqual(190 + 1e-9)
  }
  expect(new Set(stack.map(({ x, y }) => `${x} ${y}`)).size).toBe(200)
})

test('an answer with more votes has the higher stack', () => {
  const stacks = stacksOf([90, 110], PLACES, 200, 100)
  const top = stacks.map((blocks) => Math.min(...blocks.map(({ y }) => y)))
  expect(top[1]).toBeLessThan(top[0] ?? 0)
})

test('without votes there are no blocks', () => {
  expect(stacksOf([], PLACES, 200, 100)).toEqual([[], []])
})
