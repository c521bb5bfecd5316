import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createDelays } from '../../../server/metrics/delays.ts'

const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 1, 30]

/** Returns the published lines, and the sums, which are equal except for rounding. */
async function read(metric: Histogram) {
  const registry = new Registry()
  registry.registerMetric(metric)
  const text = await registry.metrics()
  const sums = Array.from(text.matchAll(/_sum\S* (\S+)/g), ([, sum]) => Number(sum))
  return { text: text.replace(/(_sum\S*) \S+/g, '$1'), sums }
}

test('many delays that are added at once give the same metric as prom-client with one delay at a time', async () => {
  const time = fc.oneof(
    fc.constantFrom(...BOUNDS_S.map((s) => s * 1000)),
    fc.double({ min: 0, max: 40_000, noNaN: true }),
  )
  const batch = fc.record({
    transport: fc.constantFrom('sse', 'ws'),
    clients: fc.integer({ min: 1, max: 300 }),
    fromMs: time,
    tookMs: fc.oneof(fc.constant(0), time),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(batch), async (batches) => {
      const delays = createDelays('delay_seconds', 'Delay.', BOUNDS_S)
      const theirs = new Histogram({
        name: 'delay_seconds',
        help: 'Delay.',
        labelNames: ['transport'],
        buckets: BOUNDS_S,
        registers: [],
      })
      for (const { transport, clients, fromMs, tookMs } of batches) {
        delays.add(transport, clients, 0, fromMs, fromMs + tookMs)
        for (let client = 1; client <= clients; client++)
          theirs.observe({ transport }, (fromMs + ((fromMs + tookMs - fromMs) * client) / clients) / 1000)
      }
      const [ours, expected] = [await read(delays.metric), await read(theirs)]
      expect(ours.text).toBe(expected.text)
      for (const [i, sum] of expected.sums.entries()) expect(ours.sums[i]).toBeCloseTo(sum, 6)
    }),
    { numRuns: 50 },
  )
})
