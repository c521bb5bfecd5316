import { expect, test } from 'vitest'
import { readOptions } from './options.ts'
import type { Options } from './options.ts'
import { seededRandom } from './random.ts'
import { scenarioSchedule } from './schedules.ts'

const SEED = Math.floor(Math.random() * 2 ** 31)
console.log(`The seed of the schedules is ${SEED}.`)

test('bursts have the mean rate, and each burst is at one moment of its own interval', () => {
  const times = scheduleOf('--scenario', 'burst', '--burst', '20', '--rate', '40', '--seconds', '5', '--warmup', '1')
  expect(times).toHaveLength(240)
  const moments = [...new Set(times)]
  expect(moments.map((ms) => Math.floor(ms / 500))).toEqual(Array.from({ length: 12 }, (_, i) => i))
  for (const moment of moments) expect(times.filter((ms) => ms === moment)).toHaveLength(20)
})

test('no burst begins in a warm-up that is shorter than its interval', () => {
  const times = scheduleOf('--scenario', 'burst', '--burst', '20', '--rate', '10', '--seconds', '4', '--warmup', '1')
  expect(times).toHaveLength(40)
  expect(times[0]).toBeGreaterThanOrEqual(1000)
})

test('a ramp has the first rate in the warm-up, and grows evenly to the last one', () => {
  const times = scheduleOf('--scenario', 'ramp', '--rate', '10', '--rate-to', '90', '--seconds', '10', '--warmup', '2')
  const between = (fromS: number, toS: number): number =>
    times.filter((ms) => ms >= fromS * 1000 && ms < toS * 1000).length
  expect(between(0, 2)).toBe(20)
  expect(times).toHaveLength(520)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  // In the first second 14 messages, in the last one 86, give or take the random moments of the two ends.
  for (const [second, messages] of [14, 22, 30, 38, 46, 54, 62, 70, 78, 86].entries())
    expect(Math.abs(between(2 + second, 3 + second) - messages)).toBeLessThanOrEqual(1)
})

test.each(['burst', 'ramp', 'reconnect-storm', 'slow-readers'])(
  'the schedule of %s depends only on the seed',
  (name) => {
    expect(scheduleOf('--scenario', name)).toEqual(scheduleOf('--scenario', name))
    expect(scheduleOf('--scenario', name)).not.toEqual(
      scenarioSchedule(optionsOf('--scenario', name), seededRandom(SEED + 1)),
    )
  },
)

const scheduleOf = (...args: string[]): readonly number[] => scenarioSchedule(optionsOf(...args), seededRandom(SEED))

function optionsOf(...args: string[]): Options {
  const options = readOptions(args)
  if (!options) throw new Error('There are no options.')
  return options
}
