/** A Redis and several servers that share it, with the processor time of each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../lessons/kit/port.ts'
import { killedAtExit } from '../compare/children.ts'
import { cpuMsOf } from '../compare/machine.ts'
import { testRedis } from '../redis.ts'
import type { TestRedis } from '../redis.ts'
import { spawnServer } from '../spawn.ts'

export interface MeasuredRedis extends AsyncDisposable {
  /** Address over TCP, as servers on other machines would use it. */
  readonly url: string
  readonly pid: number
  readonly command: TestRedis['command']
  cpuMs(): number
}

export interface MeasuredProcesses extends AsyncDisposable {
  readonly urls: readonly URL[]
  readonly pids: readonly number[]
  /** Processor time of each process, in ms. */
  cpuMs(): readonly number[]
}

/** Starts a Redis that saves nothing to the disk. */
export async function startRedis(): Promise<MeasuredRedis> {
  const port = await freePort()
  const redis = await testRedis('--port', String(port), '--bind', '127.0.0.1')
  const pid = Number(/process_id:(\d+)/.exec(redis.command('info', 'server'))?.[1])
  const kill = (): void => void process.kill(pid, 'SIGKILL')
  process.once('exit', kill)
  return {
    url: `redis://127.0.0.1:${port}`,
    pid,
    command: redis.command,
    cpuMs: () => cpuMsOf(pid) ?? Number.NaN,
    async [Symbol.asyncDispose]() {
      process.off('exit', kill)
      await redis[Symbol.asyncDispose]()
    },
  }
}

/** Starts servers on a Redis; without a Redis, one server with its log in memory. */
export async function startProcesses(count: number, redis: MeasuredRedis | null): Promise<MeasuredProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-redis-bench-'))
  const servers = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      const log = redis ? ['--redis', redis.url, '--data', join(folder, String(i))] : ['--data', ':memory:']
      return spawnServer('--host', '127.0.0.1', '--limits', 'off', ...log)
    }),
  )
  for (const { process } of servers) killedAtExit(process)
  return {
    // The name localhost would be looked up for each client.
    urls: servers.map(({ port }) => new URL(`http://127.0.0.1:${port}`)),
    pids: servers.map(({ process }) => process.pid ?? 0),
    cpuMs: () => servers.map(({ process }) => cpuMsOf(process.pid) ?? Number.NaN),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.end('SIGKILL')))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
