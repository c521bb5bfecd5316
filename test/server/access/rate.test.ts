import { expect, test } from 'vitest'
import { createRate } from '../../../server/access/rate.ts'

/** Counts what a rate lets through for one key that asks every millisecond. */
function taken(perSecond: number, forMs: number, fromMs = 0) {
  let atMs = fromMs
  const rate = createRate(perSecond, { now: () => atMs })
  const take = (key: string, ms: number) => {
    let count = 0
    for (const end = atMs + ms; atMs < end; atMs++) if (rate.take(key)) count++
    return count
  }
  return { first: take('a', forMs), take, rest: (ms: number) => (atMs += ms) }
}

test('after a quiet time, a key may use two seconds of its rate at once, and then only the rate itself', () => {
  expect(taken(20, 1000).first).toBe(40 + 19)
  expect(taken(20, 10_000).first).toBe(40 + 199)
})

test('a rate limits each key separately', () => {
  const { first, take } = taken(20, 10)
  expect(first).toBe(10)
  expect(take('b', 10)).toBe(10)
})

test('after a short pause, a key may use at once only the amount that its rate allows for that pause', () => {
  for (let quietMs = 0; quietMs < 5000; quietMs += 50) {
    const { take, rest } = taken(20, 1000)
    rest(quietMs)
    const saved = Math.min(40, quietMs / 50)
    expect(Math.abs(take('a', 20) - Math.min(20, saved)), `after ${quietMs} ms`).toBeLessThanOrEqual(1)
  }
})

test('an infinite rate refuses no request', () => {
  expect(taken(Infinity, 1000).first).toBe(1000)
})
