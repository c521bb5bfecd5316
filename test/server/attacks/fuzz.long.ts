/** Ten thousand of each, and nothing left of them. FUZZ_SEED=… throws the same again. */
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

/** By when everything has been used once. */
const WARM_UP = 2000

test.each([
  ['requests', throwRequests, 1],
  // Up to thirty messages a run.
  ['messages', throwMessages, 10],
  ['frames', throwFrames, 1],
])('%s leave the server as it was: no 500, no crash, no connection, timer or memory', async (_what, throwAll, each) => {
  await using server = await serve({ limits: false })
  await throwAll(server, WARM_UP / each)
  const before = await left(server)
  await throwAll(server, RUNS / each)
  const after = await left(server)
  console.log(`heap ${mebibytes(before.heapBytes)} before, ${mebibytes(after.heapBytes)} after`)
  expect(after.timers).toBeLessThanOrEqual(before.timers)
  expect(after.heapBytes - before.heapBytes).toBeLessThan(8 * 1024 * 1024)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

async function left(server: Served) {
  await until('all connections are gone', async () => {
    server.app.server.closeIdleConnections()
    return (await server.connections()) === 0
  })
  collect()
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  return { timers, heapBytes: process.memoryUsage().heapUsed }
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
