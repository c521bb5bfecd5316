/** Tests of a comparison with the program of this repository. */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ComparisonState } from '../../../server/protocol/comparison.ts'
import { isAlive } from '../../../server/start/ending.ts'
import { spawnServer } from '../../spawn.ts'
import { until } from '../../until.ts'

const WORKLOAD = { clients: 3, rate: 5, size: 60, interval: 0.2, wait: 25, seconds: 5, repeat: 1 }

/** A busy machine may need this time to start and try a server. */
const START_MS = 60_000

const hasProcesses = process.platform === 'linux'

describe.skipIf(!hasProcesses)('no process of a comparison is left over', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)('after %s of the server', { timeout: 90_000 }, async (signal) => {
    await using server = await spawnServer('--data', ':memory:')
    const started = await fetch(`${server.origin}/comparison`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(WORKLOAD),
    })
    expect(started.status).toBe(202)
    await until(
      'the first transport is measured',
      async () => {
        const { running, failure }: ComparisonState = await (await fetch(`${server.origin}/comparison`)).json()
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
