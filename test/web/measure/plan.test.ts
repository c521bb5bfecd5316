/** Tests of how long the decision page measures: long enough for a verdict, whatever the workload is. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANSWERS } from '../../../web/measure/agreement.ts'
import { conditionsOf } from '../../../web/measure/choosing.ts'
import { planOf, rateText, spanText } from '../../../web/measure/plan.ts'
import { FIGURES, readWorkload } from '../../../web/measure/workload.ts'
import type { Workload } from '../../../web/measure/workload.ts'
import { transports } from '../../../web/transports/index.ts'

const WAY = { roundTripMs: 40, serviceMs: 1 }
const MODELS = Object.values(transports).map(({ model }) => model)

const plan = (search: string) => {
  const workload = readWorkload(search)
  return planOf(workload, conditionsOf(workload, WAY), MODELS)
}

/** Numbers from 0 to 1 that are the same in each run. */
function randoms(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return (state + 0.5) / 2 ** 32
  }
}

/** Simulates a run: returns the number of messages, and of short polls that bring some. */
function simulate({ ratePerSecond, intervalMs, idleShare, seconds }: ReturnType<typeof plan>, random: () => number) {
  const endS = seconds * (1 - idleShare)
  const cycleS = (intervalMs + WAY.roundTripMs + 1) / 1000
  const polls = new Set<number>()
  let messages = 0
  for (let atS = 0; ; messages++) {
    atS -= Math.log(random()) / ratePerSecond
    if (atS > endS) break
    polls.add(Math.ceil(atS / cycleS))
  }
  return { messages, polls: polls.size }
}

describe('a planned measurement', () => {
  test.each([
    '',
    '?rate=0.25',
    '?rate=0.0003&age=60',
    '?rate=8&age=1',
    '?rate=5&age=5',
    '?rate=100',
    '?idle=60',
    '?speaks=yes',
  ])('of the workload “%s” has enough messages and responses for a verdict in 99 of 100 runs', (search) => {
    const planned = plan(search)
    const random = randoms(17)
    const runs = Array.from({ length: 400 }, () => simulate(planned, random))
    // If clients write, the messages are published in two ways in turn.
    const ways = search.includes('speaks') ? 2 : 1
    const enough = runs.filter(({ messages, polls }) => messages >= ways * ANSWERS && polls >= ANSWERS)
    expect(enough.length / runs.length).toBeGreaterThan(0.99)
  })

  test('takes a minute for the usual workload, and measures that workload unchanged', () => {
    expect(plan('')).toMatchObject({ seconds: 65, ratePerSecond: 1, isAtOtherRate: false, changes: [] })
  })

  test('of rare messages says before it starts how long they would take, and what it measures instead', () => {
    const { ratePerSecond, intervalMs, isAtOtherRate, changes } = plan('?rate=0.00028&age=60')
    expect({ ratePerSecond, intervalMs, isAtOtherRate }).toEqual({
      ratePerSecond: 1,
      intervalMs: 2000,
      isAtOtherRate: true,
    })
    expect(changes[0]).toMatch(
      /^At 1\.01 messages an hour, 20 messages take about 20 hours, .* at 1 message a second\..* predicted, not measured\.$/,
    )
    expect(changes[1]).toBe('Short polls pause for 2 s instead of 63 s, because 20 polls would take about 21 min.')
  })

  test('never lasts longer than three minutes', () => {
    const between = (name: 'rate' | 'age' | 'idle' | 'latency') =>
      fc.double({ min: FIGURES[name].from, max: FIGURES[name].to, noNaN: true })
    fc.assert(
      fc.property(between('rate'), between('age'), between('idle'), between('latency'), (rate, age, idle, latency) => {
        const workload: Workload = { ...readWorkload(''), rate, age, idle, latency }
        const way = { roundTripMs: 2 * latency, serviceMs: 1 }
        const { seconds, ratePerSecond } = planOf(workload, conditionsOf(workload, way), MODELS)
        // A long round trip makes each poll late.
        expect(seconds).toBeLessThanOrEqual(185 + 0.05 * latency)
        expect(ratePerSecond).toBeLessThanOrEqual(10)
      }),
    )
  })
})

test('a rate and a time have the unit in which people read them easily', () => {
  expect([1, 0.5, 1 / 3600, 0.00001, 2000].map(rateText)).toEqual([
    '1 message a second',
    '30 messages a minute',
    '1 message an hour',
    '0.864 messages a day',
    '2,000 messages a second',
  ])
  expect([5, 90, 150, 7200, 400_000].map(spanText)).toEqual(['5 s', '90 s', '2.5 min', '2 hours', '4.6 days'])
})
