/** Several lanes on one connection. fast-check prints the seed of a failure. */
import { test } from 'vitest'
import { holdsFigures } from './shared-connections.ts'

test.each([
  ['no conditions', {}, 25],
  ['latency', { latencyMs: 6 }, 15],
  ['latency and jitter', { latencyMs: 3, jitterMs: 8 }, 15],
  ['little bandwidth', { bandwidthBytesPerSecond: 60_000 }, 10],
  ['a proxy that buffers', { bufferingBytes: 400, bufferingMs: 10 }, 10],
  ['a reader that is slow', { slowReaderBytesPerSecond: 50_000 }, 10],
  ['a firewall', { firewall: true, latencyMs: 2 }, 10],
] as const)(
  'with %s, the byte count of no lane falls, and each lane ends with exactly its own bytes, %o',
  async (_what, conditions, numRuns) => {
    await holdsFigures(conditions, numRuns)
  },
  60_000,
)
