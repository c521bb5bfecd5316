import { expect, test } from 'vitest'
import { now } from './now.ts'

test('the clock agrees with the monotonic clock of the machine, which all processes share', () => {
  // A pause between both readings makes a difference larger, so the smallest one counts.
  const differences = Array.from({ length: 50 }, () => Math.abs(Number(process.hrtime.bigint()) / 1e6 - now()))
  expect(Math.min(...differences)).toBeLessThan(0.1)
})
