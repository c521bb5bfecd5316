/** Sends ten thousand random inputs of each kind, which must leave nothing behind. FUZZ_SEED=… repeats a run. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import { throwFrames, throwMessages, throwRequests } from '../fuzz.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const RUNS = 10_000

/** Number of inputs after which all code has run once. */
const WARM_UP = 2000

test.each([
  ['requests', throwRequests, 1],
  // One run sends up to thirty messages.
  ['messages', throwMessages, 10],
  ['frames', throwFrames, 1],
])(
  'random %s cause no 500 and no crash, and no connection, timer or memory is left afterwards',
  async (_what, throwAll, each) => {
    await using server = await serve({ limits: false })
    await throwAll(server, WARM_UP / each)
    const before = await left(server)
    await throwAll(server, RUNS / each)
    const after = await left(server)
    console.log(`heap ${mebibytes(before.heapBytes)} before, ${mebibytes(after.heapBytes)} after`)
    expect(after.timers).toBeLessThanOrEqual(before.timers)
    expect(after.heapBytes - before.heapBytes).toBeLessThan(8 * 1024 * 1024)
    expect((await fetch(`${server.origin}/health`)).status).toBe(200)
  },
)

async function left(server: Served) {
  await until('the server has no open connection', async () => {
    server.app.server.closeIdleConnections()
    return (await server.connections()) === 0
  })
  collect()
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  return { timers, heapBytes: process.memoryUsage().heapUsed }
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
