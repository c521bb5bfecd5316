import { describe, expect, test } from 'vitest'
import { transports } from '../../../web/transports/index.ts'
import { kolmogorovSmirnov } from '../../../web/measure/model.ts'
import type { Expectation, ModelInputs, LaneSizes } from '../../../web/measure/model.ts'
import { exponential, seededRandom } from './random.ts'

const USUAL: ModelInputs = { intervalMs: 1000, waitS: 25, roundTripMs: 40, serviceMs: 3, ratePerSecond: 2 }
const TRANSPORTS = ['short-poll', 'long-poll', 'sse', 'ws'] as const

/** Time of a poll on the server and in the browser, as in the model. */
const EXCHANGE_MS = 1

describe.each(TRANSPORTS)('the expected delay of %s', (transport) => {
  test.each<[string, Partial<ModelInputs>]>([
    ['in usual conditions', {}],
    ['without a round trip', { roundTripMs: 0 }],
    ['without any message', { ratePerSecond: 0 }],
    ['with very many messages', { ratePerSecond: 500 }],
    ['with requests that are not held', { waitS: 0 }],
    ['with all values at 0', { intervalMs: 0, waitS: 0, roundTripMs: 0, serviceMs: 0, ratePerSecond: 0 }],
  ])('is a distribution whose median lies within its range, %s', (_, conditions) => {
    const { p50Ms, fromMs, toMs, cdf } = transports[transport].model.delay({ ...USUAL, ...conditions })
    expect(fromMs).toBeLessThanOrEqual(p50Ms)
    expect(p50Ms).toBeLessThanOrEqual(toMs)
    expect(cdf(p50Ms)).toBeCloseTo(0.5, 6)
    expect(cdf(toMs) - cdf(fromMs)).toBeGreaterThan(0.9 - 1e-6)
    expect([cdf(-1), cdf(1e9)]).toEqual([0, 1])
    const shares = Array.from({ length: 2200 }, (_unused, i) => cdf(i / 2))
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  })

  test('includes the time of the commit under all conditions', () => {
    const later = transports[transport].model.delay({ ...USUAL, serviceMs: 503 })
    const sooner = transports[transport].model.delay(USUAL)
    expect(later.p50Ms - sooner.p50Ms).toBeCloseTo(500, 6)
    expect(later.toMs - sooner.toMs).toBeCloseTo(500, 6)
    expect(later.cdf(503)).toBe(0)
  })
})

describe('the delay of short polling', () => {
  test('is at least the commit plus the way to the client, and at most one polling cycle more', () => {
    const { fromMs, p50Ms, toMs } = transports['short-poll'].model.delay(USUAL)
    expect([fromMs, p50Ms, toMs]).toEqual([23, 23 + 1041 / 2, 23 + 1041])
  })

  test.each([
    { seed: 21, conditions: USUAL },
    { seed: 22, conditions: { ...USUAL, intervalMs: 200, roundTripMs: 120, ratePerSecond: 20 } },
  ])('fits 10 000 simulated messages, and no other interval does (seed $seed)', ({ seed, conditions }) => {
    const sorted = simulatePolls(seededRandom(seed), conditions, 10_000, 'short').toSorted((a, b) => a - b)
    expect(kolmogorovSmirnov(sorted, transports['short-poll'].model.delay(conditions).cdf).p).toBeGreaterThan(0.01)
    const other = { ...conditions, intervalMs: conditions.intervalMs * 1.1 }
    expect(kolmogorovSmirnov(sorted, transports['short-poll'].model.delay(other).cdf).p).toBeLessThan(1e-6)
  })
})

describe('the delay of long polling', () => {
  const gapMs = USUAL.roundTripMs + EXCHANGE_MS

  test.each([0.05, 0.2, 1, 2, 5])(
    'fits 100 000 simulated messages with %f messages per gap (seed 23)',
    (messagesPerGap) => {
      const conditions = { ...USUAL, ratePerSecond: (messagesPerGap / gapMs) * 1000 }
      const simulated = simulatePolls(seededRandom(23), conditions, 100_000, 'long')
      expectMeanAndShape(simulated, transports['long-poll'].model.delay(conditions))
    },
  )

  test('fits the simulation if the wait of the server ends before most messages (seed 24)', () => {
    const conditions = { ...USUAL, waitS: 0.1, ratePerSecond: 4 }
    expectMeanAndShape(
      simulatePolls(seededRandom(24), conditions, 100_000, 'long'),
      transports['long-poll'].model.delay(conditions),
    )
  })

  test('has the mean of the textbook: the way to the client, plus r·g/b times half a gap', () => {
    const { cdf } = transports['long-poll'].model.delay({ ...USUAL, ratePerSecond: 20 })
    const perGap = 0.02 * gapMs
    const inGap = perGap / (perGap + Math.exp(-perGap))
    expect(meanOf(cdf)).toBeCloseTo(3 + 20 + (inGap * gapMs) / 2, 1)
  })

  test('equals the delay of a stream if messages are rare', () => {
    const rare = transports['long-poll'].model.delay({ ...USUAL, ratePerSecond: 0.001 })
    const stream = transports.sse.model.delay(USUAL)
    expect(rare.p50Ms).toBeCloseTo(stream.p50Ms, 1)
    expect(rare.toMs).toBeCloseTo(stream.toMs, 0)
  })

  test('equals short polling without a pause if no request is held', () => {
    const { cdf } = transports['long-poll'].model.delay({ ...USUAL, waitS: 0 })
    expect(meanOf(cdf)).toBeCloseTo(3 + 20 + gapMs / 2, 1)
  })
})

describe.each(['sse', 'ws'] as const)('%s', (transport) => {
  test('has an expected delay of the commit plus half the round trip, plus or minus half the round trip', () => {
    const { fromMs, p50Ms, toMs, cdf } = transports[transport].model.delay(USUAL)
    expect(p50Ms).toBeCloseTo(23, 6)
    expect([fromMs, toMs]).toEqual([expect.closeTo(5, 6), expect.closeTo(41, 6)])
    expect([cdf(3), cdf(43)]).toEqual([0, 1])
  })
})

describe('the Kolmogorov–Smirnov test', () => {
  const uniform = (x: number): number => Math.min(1, Math.max(0, x))

  test('uses the largest distance on either side of a step', () => {
    expect(kolmogorovSmirnov([0.5], uniform).d).toBe(0.5)
    expect(kolmogorovSmirnov([0.1, 0.2, 0.9], uniform).d).toBeCloseTo(2 / 3 - 0.2, 12)
    expect(kolmogorovSmirnov([0.8, 0.9], uniform).d).toBeCloseTo(0.8, 12)
  })

  test.each([
    { critical: 0.571, level: 0.9 },
    { critical: 1.224, level: 0.1 },
    { critical: 1.358, level: 0.05 },
    { critical: 1.628, level: 0.01 },
  ])('gives the p value $level of published tables for D = $critical / √n', ({ critical, level }) => {
    const n = 1_000_000
    const distance = critical / Math.sqrt(n)
    const shifted = Float64Array.from({ length: n }, (_, i) => (i + 1) / n - distance)
    expect(kolmogorovSmirnov(shifted, uniform).p).toBeCloseTo(level, 3)
  })

  test.each([5, 20, 200])(
    'rejects a true distribution as often as its level states, with %i samples (seed 25)',
    (n) => {
      const random = seededRandom(25)
      let rejected = 0
      for (let run = 0; run < 4000; run++) {
        const sorted = Float64Array.from({ length: n }, random).toSorted()
        if (kolmogorovSmirnov(sorted, uniform).p < 0.05) rejected++
      }
      // Three standard errors are 1 %.
      expect(Math.abs(rejected / 4000 - 0.05)).toBeLessThan(0.01)
    },
  )

  test('accepts a sample that fits perfectly, and an empty sample', () => {
    const perfect = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100)
    expect(kolmogorovSmirnov(perfect, uniform).p).toBe(1)
    expect(kolmogorovSmirnov([], uniform)).toEqual({ d: 0, p: 1 })
  })
})

/**
 * Latencies of a Poisson feed's messages to one polling client, simulated request by request. For short polling, the
 * way down is half the round trip. For long polling it is random between 0 and the round trip, as in the model.
 */
function simulatePolls(random: () => number, conditions: ModelInputs, count: number, kind: 'short' | 'long'): number[] {
  const { intervalMs, waitS, roundTripMs, serviceMs, ratePerSecond } = conditions
  const pauseMs = kind === 'short' ? intervalMs : 0
  const holdMs = kind === 'short' ? 0 : waitS * 1000
  const latencies: number[] = []
  let acceptedMs = exponential(random, 1000 / ratePerSecond)
  let askedMs = roundTripMs / 2
  while (latencies.length < count) {
    // The server answers when the request arrives, when an event becomes visible, or when the hold ends.
    const answeredMs = Math.max(askedMs, Math.min(acceptedMs + serviceMs, askedMs + holdMs))
    while (acceptedMs + serviceMs <= answeredMs) {
      const downMs = kind === 'short' ? roundTripMs / 2 : random() * roundTripMs
      latencies.push(answeredMs + downMs - acceptedMs)
      acceptedMs += exponential(random, 1000 / ratePerSecond)
    }
    askedMs = answeredMs + roundTripMs + EXCHANGE_MS + pauseMs
  }
  return latencies
}

function expectMeanAndShape(simulated: readonly number[], { cdf, p50Ms, toMs }: Expectation): void {
  const sorted = simulated.toSorted((a, b) => a - b)
  const meanMs = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length
  expect(meanMs / meanOf(cdf)).toBeCloseTo(1, 1.7)
  expect(kolmogorovSmirnov(sorted, cdf).d).toBeLessThan(0.01)
  const ofRank = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  expect(ofRank(0.5) / p50Ms).toBeCloseTo(1, 1.5)
  expect(ofRank(0.95) / toMs).toBeCloseTo(1, 1.5)
}

/** Mean of a distribution without negative values: the area above its distribution function. */
function meanOf(cdf: (ms: number) => number): number {
  const stepMs = 0.01
  let mean = 0
  for (let ms = stepMs / 2; ms < 2000; ms += stepMs) mean += (1 - cdf(ms)) * stepMs
  return mean
}

describe('the bytes of a message', () => {
  const SIZES: LaneSizes = { payload: 100, heads: 700, framing: 40, empty: 620 }

  test.each([0.05, 0.5, 1, 2, 10])('agree with a simulation of polls at %d messages a second (seed 31)', (rate) => {
    for (const transport of ['short-poll', 'long-poll'] as const) {
      const conditions = { ...USUAL, waitS: 5, ratePerSecond: rate }
      const simulated = simulateBytes(seededRandom(31), conditions, transport, 20_000)
      const bytes = transports[transport].model.bytesPerMessage(SIZES, conditions) ?? 0
      expect(Math.abs(bytes / simulated - 1), transport).toBeLessThan(0.03)
    }
  })

  test('consist of payload, framing and a share of the heartbeats for a stream', () => {
    expect(transports.ws.model.bytesPerMessage({ ...SIZES, framing: 2 }, { ...USUAL, ratePerSecond: 1 })).toBeCloseTo(
      102 + 8 / 15,
    )
    expect(transports.sse.model.bytesPerMessage(SIZES, { ...USUAL, ratePerSecond: 0.1 })).toBeCloseTo(140 + 34 / 1.5)
  })

  test('are unknown if there are no messages', () => {
    for (const transport of TRANSPORTS)
      expect(transports[transport].model.bytesPerMessage(SIZES, { ...USUAL, ratePerSecond: 0 })).toBe(null)
  })

  /** Simulates polls one after the other until `count` messages have come. */
  function simulateBytes(
    random: () => number,
    { intervalMs, waitS, roundTripMs, ratePerSecond }: ModelInputs,
    transport: 'short-poll' | 'long-poll',
    count: number,
  ): number {
    const meanMs = 1000 / ratePerSecond
    let [nowMs, nextMs, brought, bytes] = [0, exponential(random, meanMs), 0, 0]
    while (brought < count) {
      // There is no request between a response and the next request. A long poll then waits for the next message.
      nowMs += roundTripMs + EXCHANGE_MS + (transport === 'short-poll' ? intervalMs : 0)
      if (transport === 'long-poll') nowMs = Math.max(nowMs, Math.min(nextMs, nowMs + waitS * 1000))
      let carried = 0
      for (; nextMs <= nowMs; nextMs += exponential(random, meanMs)) carried++
      brought += carried
      bytes += carried > 0 ? SIZES.heads + SIZES.framing + carried * SIZES.payload : SIZES.empty
    }
    return bytes / brought
  }
})
