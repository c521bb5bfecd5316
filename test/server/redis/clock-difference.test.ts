import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clockDifference } from '../../../server/redis/clock-difference.ts'

/** Returns clocks that differ by `differenceMs`, and a network with the given delays in each direction. */
function network(differenceMs: number, delays: readonly (readonly [thereMs: number, backMs: number])[]) {
  let atMs = 1000
  let asked = 0
  return {
    now: () => atMs,
    async ask() {
      const [thereMs, backMs] = delays[asked++ % delays.length] ?? [0, 0]
      const time = atMs + thereMs + differenceMs
      atMs += thereMs + backMs
      return time
    },
  }
}

test('the quickest comparison counts', async () => {
  const { ask, now } = network(250, [
    [80, 1],
    [2, 2],
    [1, 90],
  ])
  expect(await clockDifference(ask, now)).toBe(250)
})

test('a difference within the possible error is none, so clocks of one machine stay as they are', async () => {
  const { ask, now } = network(0, [[0.05, 0.11]])
  expect(await clockDifference(ask, now)).toBe(0)
})

test('the result is wrong by at most half of the shortest round trip', async () => {
  const ms = fc.double({ min: 0, max: 100, noNaN: true })
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.array(fc.tuple(ms, ms), { minLength: 1, maxLength: 8 }),
      async (differenceMs, delays) => {
        const { ask, now } = network(differenceMs, delays)
        const shortestMs = Math.min(...delays.map(([thereMs, backMs]) => thereMs + backMs))
        expect(Math.abs((await clockDifference(ask, now)) - differenceMs)).toBeLessThanOrEqual(shortestMs + 1e-6)
      },
    ),
  )
})
