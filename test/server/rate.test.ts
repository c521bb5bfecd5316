import { expect, test } from 'vitest'
import { createRate } from '../../server/rate.ts'

/** What one key gets of so many a second for so long, asking every ms. */
function taken(perSecond: number, forMs: number, fromMs = 0) {
  let atMs = fromMs
  const rate = createRate(perSecond, () => atMs)
  const take = (key: string, ms: number) => {
    let count = 0
    for (const end = atMs + ms; atMs < end; atMs++) if (rate.take(key)) count++
    return count
  }
  return { first: take('a', forMs), take, rest: (ms: number) => (atMs += ms) }
}

test('lets so many a second through, besides what two seconds of quiet had saved', () => {
  expect(taken(20, 1000).first).toBe(40 + 19)
  expect(taken(20, 10_000).first).toBe(40 + 199)
})

test('gives each key its own', () => {
  const { first, take } = taken(20, 10)
  expect(first).toBe(10)
  expect(take('b', 10)).toBe(10)
})

test('forgets nobody too early: who comes back at any time has what the quiet was worth and no more', () => {
  for (let quietMs = 0; quietMs < 5000; quietMs += 50) {
    const { take, rest } = taken(20, 1000)
    rest(quietMs)
    const saved = Math.min(40, quietMs / 50)
    expect(Math.abs(take('a', 20) - Math.min(20, saved)), `after ${quietMs} ms`).toBeLessThanOrEqual(1)
  }
})

test('refuses nobody where there is no limit', () => {
  expect(taken(Infinity, 1000).first).toBe(1000)
})
