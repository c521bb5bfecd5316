/** Several servers on one Redis, behind a balancer that gives each connection to the next server. */
import { balance } from '../balancer.ts'
import { startProcess } from './process.ts'
import type { Process } from './process.ts'
import type { Resources } from './resources.ts'

/** Connections of each server to Redis. */
const CONNECTIONS = 3

/** Starts `count` servers, which look like one. A kill is for one of them, in turn; the others continue. */
export async function startProcesses(redis: string, count: number): Promise<Process> {
  const all = await Promise.all(
    Array.from({ length: count }, () => startProcess('--redis', redis, '--data', ':memory:')),
  )
  const balancer = await balance(...all.map(({ port }) => port))
  let next = 0

  return {
    port: balancer.port,
    origin: balancer.origin,
    get isUp() {
      return all.some(({ isUp }) => isUp)
    },
    async kill() {
      await all[next++ % count]?.kill()
    },
    async start() {
      await Promise.all(all.filter(({ isUp }) => !isUp).map((one) => one.start()))
    },
    async end() {
      await balancer[Symbol.asyncDispose]()
      const codes = await Promise.all(all.map((one) => one.end()))
      return codes.find((code) => code !== 0) ?? 0
    },
    async resources() {
      const sum = sumOf(await Promise.all(all.map((one) => one.resources())))
      // Each connection to Redis has a timer while it waits for a reply, so the number of timers changes all the time.
      const others = Math.max(0, (sum['Timeout'] ?? 0) - count * CONNECTIONS)
      return { ...sum, Timeout: others }
    },
    async [Symbol.asyncDispose]() {
      await balancer[Symbol.asyncDispose]()
      for (const one of all) await one[Symbol.asyncDispose]()
    },
  }
}

function sumOf(all: readonly Resources[]): Resources {
  const sum: Record<string, number> = {}
  for (const [kind, count] of all.flatMap((one) => Object.entries(one))) sum[kind] = (sum[kind] ?? 0) + count
  return sum
}
