/** Several lanes on one connection, under each preset and under each condition at a bad value. */
import { test } from 'vitest'
import { PRESETS } from '../../../server/wire/bend/presets.ts'
import { holdsFigures } from './shared-connections.ts'

const WORST = {
  latencyMs: 200,
  jitterMs: 150,
  lossRate: 0.2,
  bandwidthBytesPerSecond: 2000,
  bufferingMs: 200,
  slowReaderBytesPerSecond: 2000,
}

test.each([
  ...PRESETS.map(({ name, conditions }) => ({ name, conditions })),
  ...Object.entries(WORST).map(([name, value]) => ({
    name: `${name} ${value}`,
    conditions: { [name]: value, ...(name === 'bufferingMs' && { bufferingBytes: 5000 }) },
  })),
])(
  'with $name, the byte count of no lane falls, and each lane ends with exactly its own bytes',
  async ({ conditions }) => {
    await holdsFigures(conditions, 5)
  },
  120_000,
)
