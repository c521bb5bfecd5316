import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLatencies } from '../../../web/measure/latency.ts'
import { exponential, seededRandom } from './random.ts'

interface Measured {
  readonly ms: number
  readonly answer: number
}

/** Responses of one to five messages each, with few different values, so that equal ones occur. */
const anyMeasured: fc.Arbitrary<Measured[]> = fc
  .array(
    fc.array(fc.oneof(fc.integer({ min: -2, max: 5 }), fc.double({ min: -1, max: 1e5, noNaN: true })), {
      minLength: 1,
      maxLength: 5,
    }),
    { maxLength: 60 },
  )
  .map((answers) => answers.flatMap((latencies, answer) => latencies.map((ms) => ({ ms, answer }))))

const anyShare = fc.oneof(fc.constantFrom(0, 0.05, 0.5, 0.95, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true }))

function latenciesOf(measured: readonly Measured[], capacity?: number) {
  const latencies = createLatencies(capacity)
  for (const { ms, answer } of measured) latencies.add(ms, answer)
  return latencies
}

/** Latencies 1, 2, … n, each from a separate response, so that a value equals its rank. */
const ranks = (n: number) => latenciesOf(Array.from({ length: n }, (_, i) => ({ ms: i + 1, answer: i })))

describe('the set of latencies', () => {
  test('contains the same values as a simple sorted list of the last arrivals', () => {
    fc.assert(
      fc.property(anyMeasured, fc.integer({ min: 2, max: 60 }), (measured, capacity) => {
        const last = measured.slice(-capacity)
        const latencies = latenciesOf(measured, capacity)
        expect([...latencies.sorted()].map((ms) => ms + 0)).toEqual(
          last.map(({ ms }) => ms + 0).toSorted((a, b) => a - b),
        )
        expect(latencies.n).toBe(last.length)
        expect(latencies.answers).toBe(new Set(last.map(({ answer }) => answer)).size)
      }),
    )
  })

  test('keeps negative latencies and ignores values that are not finite', () => {
    const latencies = latenciesOf([3, Number.NaN, -0.4, Number.POSITIVE_INFINITY].map((ms, answer) => ({ ms, answer })))
    expect([...latencies.sorted()]).toEqual([-0.4, 3])
    expect(latencies.answers).toBe(2)
  })

  test('is empty after clear, and then accepts new latencies', () => {
    const latencies = latenciesOf(
      [1, 2, 3].map((ms) => ({ ms, answer: 7 })),
      3,
    )
    latencies.clear()
    expect([latencies.n, latencies.answers, latencies.quantile(0.5)]).toEqual([0, 0, null])
    latencies.add(5, 7)
    expect([latencies.n, latencies.answers, latencies.quantile(0.5)?.ms]).toEqual([1, 1, 5])
  })

  test('adds a message within 100 microseconds when it is full (seed 11)', () => {
    const random = seededRandom(11)
    const latencies = createLatencies()
    const add = (from: number, to: number): void => {
      for (let i = from; i < to; i++) latencies.add(random() * 1000, i)
    }
    add(0, 20_000)
    const startMs = performance.now()
    add(20_000, 40_000)
    expect((performance.now() - startMs) / 20_000).toBeLessThan(0.1)
    expect(latencies.n).toBe(20_000)
  })
})

describe('a quantile', () => {
  test('is the latency of the nearest rank, and lies within its interval', () => {
    fc.assert(
      fc.property(anyMeasured, anyShare, (measured, p) => {
        const latencies = latenciesOf(measured)
        const quantile = latencies.quantile(p)
        if (quantile === null) {
          expect(measured).toHaveLength(0)
          return
        }
        const sorted = latencies.sorted()
        const notAbove = sorted.filter((ms) => ms <= quantile.ms).length
        const below = sorted.filter((ms) => ms < quantile.ms).length
        expect(notAbove).toBeGreaterThanOrEqual(p * sorted.length - 1e-6)
        expect(below).toBeLessThanOrEqual(Math.max(0, p * sorted.length))
        expect(quantile.lowMs ?? quantile.ms).toBeLessThanOrEqual(quantile.ms)
        expect(quantile.highMs ?? quantile.ms).toBeGreaterThanOrEqual(quantile.ms)
      }),
    )
  })

  test('is not one rank too high because of rounding', () => {
    expect(ranks(100).quantile(0.07)?.ms).toBe(7)
    expect(ranks(20).quantile(0.95)?.ms).toBe(19)
  })

  test.each([
    { p: 0.5, n: 6 },
    { p: 0.95, n: 72 },
    { p: 0.99, n: 368 },
  ])('of $p has an upper bound from $n responses on', ({ p, n }) => {
    expect(ranks(n - 1).quantile(p)?.highMs).toBeNull()
    expect(ranks(n).quantile(p)?.highMs).toBe(n)
  })

  test.each([
    { p: 0.5, n: 20, interval: [6, 15] },
    { p: 0.5, n: 100, interval: [40, 61] },
    { p: 0.99, n: 1000, interval: [983, 997] },
  ])('of $p among $n responses lies between ranks $interval', ({ p, n, interval }) => {
    const quantile = ranks(n).quantile(p)
    expect([quantile?.lowMs, quantile?.highMs]).toEqual(interval)
  })

  test('has the narrowest interval of ranks with at most 2.5 % on each side, for any number of latencies up to the capacity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (n, p) => {
        const quantile = ranks(n).quantile(p)
        const cumulative = binomialDistribution(n, p)
        const low = quantile?.lowMs ?? 0
        const high = quantile?.highMs ?? n + 1
        if (low > 0) expect(cumulative(low - 1)).toBeLessThanOrEqual(0.025 + 1e-6)
        expect(cumulative(low)).toBeGreaterThan(0.025 - 1e-6)
        expect(cumulative(high - 2)).toBeLessThan(0.975 + 1e-6)
        if (high <= n) expect(cumulative(high - 1)).toBeGreaterThanOrEqual(0.975 - 1e-6)
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    { p: 0.5, trueMs: Math.LN2, n: 60 },
    { p: 0.95, trueMs: -Math.log(0.05), n: 200 },
    { p: 0.99, trueMs: -Math.log(0.01), n: 600 },
  ])('of $p lies within its interval in 95 of 100 simulations with $n responses (seed 12)', ({ p, trueMs, n }) => {
    const random = seededRandom(12)
    const covered = shareOf(1000, () => {
      const latencies = createLatencies(n)
      for (let i = 0; i < n; i++) latencies.add(exponential(random, 1), i)
      return isWithin(trueMs, latencies.quantile(p))
    })
    // Ranks are whole numbers, so the interval covers a little more than 95 %; 1.4 % is two standard errors.
    expect(covered).toBeGreaterThan(0.95 - 0.014)
    expect(covered).toBeLessThan(0.99)
  })

  test('stays within its interval if all messages of a response share their latency (seed 13)', () => {
    const random = seededRandom(13)
    const covered = shareOf(1000, () => {
      const latencies = createLatencies(500)
      for (let answer = 0; answer < 100; answer++) {
        const ms = exponential(random, 1)
        for (let i = 0; i < 5; i++) latencies.add(ms, answer)
      }
      return isWithin(Math.LN2, latencies.quantile(0.5))
    })
    expect(covered).toBeGreaterThan(0.95 - 0.014)
    expect(covered).toBeLessThan(0.99)
  })

  test.each([
    { p: 0.5, answers: 20 },
    { p: 0.95, answers: 75 },
    { p: 0.05, answers: 75 },
    { p: 0.99, answers: 400 },
    { p: 0.999, answers: 4000 },
  ])('of $p is shown from $answers responses on', ({ p, answers }) => {
    expect(ranks(answers - 1).enough(p)).toBe(false)
    expect(ranks(answers).enough(p)).toBe(true)
  })

  test('is not shown if many messages arrived in few responses', () => {
    const latencies = createLatencies()
    for (let i = 0; i < 1000; i++) latencies.add(i, i % 500 < 250 ? 1 : 2)
    expect(latencies.enough(0.5)).toBe(false)
  })
})

describe('the histogram', () => {
  test('counts each latency in its bin, or in the first or last bin if it is outside the range', () => {
    fc.assert(
      fc.property(anyMeasured, fc.integer({ min: 1, max: 50 }), (measured, bins) => {
        const counts = latenciesOf(measured).histogram(-1, 4, bins)
        const edges = Array.from({ length: bins - 1 }, (_, i) => 10 ** (-1 + (5 * (i + 1)) / bins))
        const naive = new Uint32Array(bins)
        for (const { ms } of measured) {
          const bin = edges.filter((edge) => edge <= ms).length
          naive[bin] = (naive[bin] ?? 0) + 1
        }
        expect(counts).toEqual(naive)
      }),
    )
  })

  test('has bins of equal width on a logarithmic axis, which include their lower edges, and counts outliers in the end bins', () => {
    const latencies = latenciesOf([-3, 0, 0.5, 1, 9.99, 10, 99, 100, 1e6].map((ms, answer) => ({ ms, answer })))
    expect([...latencies.histogram(0, 3, 3)]).toEqual([5, 2, 2])
  })
})

/** P(B ≤ k) for a binomial B, by logarithms of factorials. */
function binomialDistribution(n: number, p: number): (k: number) => number {
  const logFactorial = [0]
  for (let i = 1; i <= n; i++) logFactorial.push((logFactorial[i - 1] ?? 0) + Math.log(i))
  const log = (i: number): number => logFactorial[i] ?? Number.NaN
  const cumulative: number[] = []
  let sum = 0
  for (let k = 0; k <= n; k++) {
    sum += Math.exp(log(n) - log(k) - log(n - k) + k * Math.log(p) + (n - k) * Math.log(1 - p))
    cumulative.push(sum)
  }
  return (k) => (k < 0 ? 0 : (cumulative[k] ?? 1))
}

function shareOf(times: number, isTrue: () => boolean): number {
  let count = 0
  for (let i = 0; i < times; i++) if (isTrue()) count++
  return count / times
}

function isWithin(
  ms: number,
  interval: { readonly lowMs: number | null; readonly highMs: number | null } | null,
): boolean {
  if (interval === null || interval.lowMs === null || interval.highMs === null) return false
  return interval.lowMs <= ms && ms <= interval.highMs
}
