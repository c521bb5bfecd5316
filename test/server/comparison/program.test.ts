/** Tests of a comparison with the program of this repository. */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ComparisonState, MeasuredWorkload } from '../../../server/protocol/comparison.ts'
import { isAlive } from '../../../server/start/ending.ts'
import { transports } from '../../../server/transports/index.ts'
import { spawnServer } from '../../spawn.ts'
import type { Spawned } from '../../spawn.ts'
import { until } from '../../until.ts'

const WORKLOAD = { clients: 3, rate: 5, size: 60, interval: 0.2, wait: 25, rtt: 40, seconds: 5, repeat: 1 }

/** A busy machine may need this time to start and try a server. */
const START_MS = 60_000
/** The comparison has a low priority, so it waits for the other programs of a busy machine. */
const COMPARED_MS = 220_000

const hasProcesses = process.platform === 'linux'

test(
  'a comparison has a verdict about each transport, and a report without a script',
  { timeout: 240_000 },
  async () => {
    await using server = await spawnServer('--data', ':memory:')
    const { status } = await start(server, { ...WORKLOAD, rate: 20, seconds: 0.5 })
    expect(status).toBe(202)
    const { last, failure } = await until(
      'the comparison has ended',
      async () => {
        const state = await stateOf(server)
        return state.running ? null : state
      },
      COMPARED_MS,
    )
    expect(failure).toBeNull()
    expect(last?.findings.transports.map(({ transport }) => transport)).toEqual(Object.keys(transports))
    for (const { bytes, transport } of last?.findings.transports ?? []) expect(bytes, transport).toBeGreaterThan(50)
    const report = await (await fetch(`${server.origin}/comparison/report`)).text()
    expect(report).toContain(last?.findings.verdict.split('.')[0])
    expect(report).not.toMatch(/<script|\son\w+=|https?:\/\//)
  },
)

describe.skipIf(!hasProcesses)('no process of a comparison is left over', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)('after %s of the server', { timeout: 90_000 }, async (signal) => {
    await using server = await spawnServer('--data', ':memory:')
    expect((await start(server, WORKLOAD)).status).toBe(202)
    await until(
      'the first transport is measured',
      async () => {
        const { running, failure } = await stateOf(server)
        expect(failure).toBeNull()
        return running?.progress?.transport
      },
      START_MS,
    )
    // The program, its process with clients, and its own server.
    const pids = await until('all processes run', () => {
      const found = descendantsOf(server.process.pid ?? 0)
      return found.length >= 3 ? found : null
    })
    await server.end(signal)
    await until('all of them have ended', () => !pids.some(isAlive))
  })
})

const stateOf = async ({ origin }: Spawned): Promise<ComparisonState> => (await fetch(`${origin}/comparison`)).json()

const start = ({ origin }: Spawned, workload: MeasuredWorkload) =>
  fetch(`${origin}/comparison`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(workload),
  })

function descendantsOf(pid: number): readonly number[] {
  const parents = readdirSync('/proc').flatMap((name) => {
    const own = /^\d+$/.test(name) ? parentOf(name) : null
    return own === null ? [] : [[Number(name), own] as const]
  })
  const found = [pid]
  for (const parent of found) for (const [child, its] of parents) if (its === parent) found.push(child)
  return found.slice(1)
}

/** Returns null if the process has ended in the meantime. */
function parentOf(pid: string): number | null {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
  } catch {
    return null
  }
}
