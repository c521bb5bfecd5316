import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClock } from '../../../web/measure/clock.ts'
import type { ClockSample } from '../../../web/measure/clock.ts'

const START_MS = 1_790_000_000_000
const YEAR_MS = 365 * 86_400_000

/** A server's clock as a function of the page time. */
type ServerClock = (pageMs: number) => number

interface Exchange {
  readonly pauseMs: number
  readonly upMs: number
  readonly serverMs: number
  readonly downMs: number
}

const anyOffsetMs = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.double({ min: -600_000, max: 600_000, noNaN: true }),
  fc.double({ min: -20 * YEAR_MS, max: 20 * YEAR_MS, noNaN: true }),
)
const anyDrift = fc.oneof(fc.constantFrom(-100e-6, 0, 100e-6), fc.double({ min: -100e-6, max: 100e-6, noNaN: true }))
const anyDelayMs = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 400, noNaN: true }),
)
const anyExchange: fc.Arbitrary<Exchange> = fc.record({
  pauseMs: fc.oneof(fc.constant(10_000), fc.double({ min: 0, max: 60_000, noNaN: true })),
  upMs: anyDelayMs,
  serverMs: fc.double({ min: 0, max: 5, noNaN: true }),
  downMs: anyDelayMs,
})
const anyExchanges = fc.array(anyExchange, { minLength: 1, maxLength: 50 })

const drifting =
  (offsetMs: number, drift: number): ServerClock =>
  (pageMs) =>
    pageMs + offsetMs + drift * (pageMs - START_MS)

function sampleAt(t0: number, exchange: Omit<Exchange, 'pauseMs'>, server: ServerClock): ClockSample {
  const arrivesMs = t0 + exchange.upMs
  const leavesMs = arrivesMs + exchange.serverMs
  return { t0, t1: server(arrivesMs), t2: server(leavesMs), t3: leavesMs + exchange.downMs }
}

/** Samples of these exchanges, one after the other. */
function samplesOf(exchanges: readonly Exchange[], server: ServerClock, startMs = START_MS): ClockSample[] {
  const samples: ClockSample[] = []
  for (const exchange of exchanges) {
    const t0 = (samples.at(-1)?.t3 ?? startMs) + exchange.pauseMs
    samples.push(sampleAt(t0, exchange, server))
  }
  return samples
}

function readingAt(clock: ReturnType<typeof createClock>, pageMs: number) {
  const reading = clock.at(pageMs)
  if (reading === null) throw new Error(`The clock has no reading at ${pageMs}.`)
  return reading
}

describe('the bound of the clock', () => {
  test('contains the true offset at any time, for any offset, drift and delays', () => {
    fc.assert(
      fc.property(
        anyOffsetMs,
        anyDrift,
        anyExchanges,
        fc.integer({ min: -60_000, max: 60_000 }),
        (offsetMs, drift, exchanges, aheadMs) => {
          const server = drifting(offsetMs, drift)
          const clock = createClock()
          for (const sample of samplesOf(exchanges, server)) {
            clock.add(sample)
            for (const pageMs of [sample.t0, sample.t1 - offsetMs, sample.t3, sample.t3 + aheadMs]) {
              const { offsetMs: estimateMs, boundMs } = readingAt(clock, pageMs)
              expect(Math.abs(estimateMs - (server(pageMs) - pageMs))).toBeLessThanOrEqual(boundMs)
            }
          }
        },
      ),
    )
  })

  test('is also valid for a displayed latency on a page with a coarse timer', () => {
    const anyResolutionMs = fc.constantFrom(0.005, 0.1, 1)
    const anyMisreading = fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true }))
    fc.assert(
      fc.property(
        anyOffsetMs,
        anyDrift,
        anyExchanges,
        anyResolutionMs,
        anyMisreading,
        (offsetMs, drift, exchanges, resolutionMs, misreadings) => {
          const server = drifting(offsetMs, drift)
          const read = (pageMs: number): number => pageMs + 0.99 * resolutionMs * misreadings.next().value
          const clock = createClock(resolutionMs)
          for (const { t0, t1, t2, t3 } of samplesOf(exchanges, server)) {
            clock.add({ t0: read(t0), t1, t2, t3: read(t3) })
            const at = server(t3 + 1000)
            const receivedMs = t3 + 1042
            const readMs = read(receivedMs)
            const reading = clock.at(readMs)
            // A coarse timer may read t3 before t0. That sample is ignored.
            if (reading === null) continue
            const shownMs = readMs + reading.offsetMs - at
            expect(Math.abs(shownMs - (server(receivedMs) - at))).toBeLessThanOrEqual(reading.boundMs)
          }
        },
      ),
    )
  })

  test('is half the round trip plus twice the timer’s resolution after one sample', () => {
    const clock = createClock(0.1)
    const sample = sampleAt(START_MS, { upMs: 0, serverMs: 3, downMs: 40 }, drifting(0, 0))
    clock.add(sample)
    expect(clock.roundTripMs).toBeCloseTo(40, 3)
    const reading = readingAt(clock, sample.t3)
    expect(reading.offsetMs).toBeCloseTo(-20, 1)
    expect(reading.boundMs).toBeCloseTo(20.2, 1)
  })

  test('becomes narrower if one sample is slow only on the way up and another only on the way down', () => {
    const clock = createClock(0)
    clock.add(sampleAt(START_MS, { upMs: 0, serverMs: 0, downMs: 40 }, drifting(7, 0)))
    clock.add(sampleAt(START_MS + 100, { upMs: 40, serverMs: 0, downMs: 0 }, drifting(7, 0)))
    const reading = readingAt(clock, START_MS + 140)
    expect(reading.boundMs).toBeLessThan(0.1)
    expect(reading.offsetMs).toBeCloseTo(7, 1)
  })

  test('stays below 1.5 ms with a drift of 100 ppm, a round trip of 0.5 ms and a sample every 10 s', () => {
    const server = drifting(-90_000, 100e-6)
    const clock = createClock()
    for (let t0 = START_MS; t0 < START_MS + 600_000; t0 += 10_000) {
      clock.add(sampleAt(t0, { upMs: 0.4, serverMs: 0.05, downMs: 0.1 }, server))
      for (let pageMs = t0 + 1; pageMs <= t0 + 10_000; pageMs += 1111) {
        expect(readingAt(clock, pageMs).boundMs).toBeLessThan(1.5)
      }
    }
  })

  test('grows with the time since or until the nearest sample, by the allowed drift', () => {
    const clock = createClock(0)
    clock.add({ t0: 1000, t1: 1000, t2: 1000, t3: 1000 })
    expect(readingAt(clock, 11_000).boundMs).toBeCloseTo(1, 9)
    expect(readingAt(clock, -9000).boundMs).toBeCloseTo(1, 9)
  })
})

// With three samples at most 61 s apart, none is dropped meanwhile. A dropped sample would widen the bounds.
test('a further sample never moves the offset of the clock outside its former bounds', () => {
  fc.assert(
    fc.property(
      anyOffsetMs,
      anyDrift,
      fc.array(anyExchange, { minLength: 2, maxLength: 3 }),
      (offsetMs, drift, exchanges) => {
        const clock = createClock()
        let before: { offsetMs: number; boundMs: number } | null = null
        for (const sample of samplesOf(exchanges, drifting(offsetMs, drift))) {
          before = clock.at(sample.t3)
          clock.add(sample)
          const after = readingAt(clock, sample.t3)
          const stepMs = before === null ? 0 : Math.abs(after.offsetMs - before.offsetMs)
          expect(stepMs).toBeLessThanOrEqual((before?.boundMs ?? 0) - (before === null ? 0 : after.boundMs) + 0.001)
        }
      },
    ),
  )
})

describe('a server clock that was set to another time', () => {
  test('is followed by the page’s clock from the next sample on', () => {
    fc.assert(
      fc.property(
        anyExchanges,
        anyExchange,
        fc.integer({ min: 10_000, max: YEAR_MS }),
        fc.boolean(),
        (before, next, byMs, isForward) => {
          const stepMs = isForward ? byMs : -byMs
          const clock = createClock()
          const samples = samplesOf(before, drifting(50, 0))
          for (const sample of samples) clock.add(sample)
          const server = drifting(50 + stepMs, 0)
          const [after] = samplesOf([next], server, samples.at(-1)?.t3)
          if (after === undefined) throw new Error('No sample came of one exchange.')
          clock.add(after)
          const reading = readingAt(clock, after.t3)
          expect(Math.abs(reading.offsetMs - (50 + stepMs))).toBeLessThanOrEqual(reading.boundMs)
          expect(clock.roundTripMs).toBeCloseTo(next.upMs + next.downMs, 2)
        },
      ),
    )
  })

  test('makes all older samples invalid, even inexact ones that are consistent with the new time', () => {
    const clock = createClock(0)
    clock.add(sampleAt(START_MS, { upMs: 0.5, serverMs: 0, downMs: 0.5 }, drifting(0, 0)))
    clock.add(sampleAt(START_MS + 1000, { upMs: 2, serverMs: 0, downMs: 38 }, drifting(0, 0)))
    clock.add(sampleAt(START_MS + 2000, { upMs: 5, serverMs: 0, downMs: 3.5 }, drifting(5, 0)))
    const reading = readingAt(clock, START_MS + 2008.5)
    expect(Math.abs(reading.offsetMs - 5)).toBeLessThanOrEqual(reading.boundMs)
    expect(clock.roundTripMs).toBeCloseTo(8.5, 2)
  })
})

describe('the samples of the clock', () => {
  const exact = (t0: number, roundTripMs: number): ClockSample => ({
    t0,
    t1: t0 + roundTripMs / 2,
    t2: t0 + roundTripMs / 2,
    t3: t0 + roundTripMs,
  })

  test('are empty at first and after the method clear', () => {
    const clock = createClock()
    expect([clock.at(0), clock.roundTripMs]).toEqual([null, null])
    clock.add(exact(0, 2))
    clock.clear()
    expect([clock.at(0), clock.roundTripMs]).toEqual([null, null])
  })

  test('are dropped when they are three minutes old', () => {
    const clock = createClock()
    clock.add(exact(0, 2))
    clock.add(exact(179_000, 20))
    expect(clock.roundTripMs).toBe(2)
    clock.add(exact(181_000, 30))
    expect(clock.roundTripMs).toBe(20)
  })

  test('give the smallest round trip among them as the round trip', () => {
    const clock = createClock()
    for (const roundTripMs of [7, 3, 5]) clock.add(exact(0, roundTripMs))
    expect(clock.roundTripMs).toBe(3)
  })

  test('are only the last 32 samples', () => {
    const clock = createClock()
    clock.add(exact(0, 2))
    for (let i = 1; i <= 31; i++) clock.add(exact(100 * i, 20))
    expect(clock.roundTripMs).toBe(2)
    clock.add(exact(3200, 20))
    expect(clock.roundTripMs).toBe(20)
  })

  test.each<[string, ClockSample]>([
    ['a t3 that is before its t0', { t0: 10, t1: 5, t2: 5, t3: 9 }],
    ['a stamp that is NaN', { t0: 10, t1: Number.NaN, t2: 5, t3: 12 }],
    ['a stamp that is infinite', { t0: 10, t1: 5, t2: Number.POSITIVE_INFINITY, t3: 12 }],
  ])('do not include one with %s', (_, sample) => {
    const clock = createClock()
    clock.add(sample)
    expect(clock.at(10)).toBeNull()
  })

  test('give a round trip of 0 if the measured round trip is shorter than the server’s own time', () => {
    const clock = createClock(0.1)
    clock.add({ t0: 10, t1: 110, t2: 110.3, t3: 10.2 })
    expect(clock.roundTripMs).toBe(0)
    expect(readingAt(clock, 10.1).offsetMs).toBeCloseTo(100.05, 9)
    expect(readingAt(clock, 10.1).boundMs).toBeCloseTo(0.2, 4)
  })
})
