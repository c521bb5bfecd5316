/** A server with several workers on a Redis of its own, for tests. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { TransportName } from '../../../server/protocol/feed.ts'
import { transports } from '../../../web/transports/index.ts'
import { connect, isUp } from '../../conformance/client.ts'
import type { FeedClient } from '../../conformance/client.ts'
import { testRedis } from '../../redis.ts'
import type { TestRedis } from '../../redis.ts'
import { spawnServer } from '../../spawn.ts'
import type { Spawned } from '../../spawn.ts'
import { isAlive } from '../../../server/start/ending.ts'
import { until } from '../../until.ts'

export const MAIN = join(import.meta.dirname, '../../../server/main.ts')

export interface WithWorkers extends Spawned {
  readonly redis: TestRedis
  /** Returns the process ids of the workers that run. */
  workers(): number[]
}

export async function startWithWorkers(count: number, ...flags: string[]): Promise<WithWorkers> {
  const redis = await testRedis()
  const settings = ['--redis', redis.url, '--workers', String(count), '--limits', 'off']
  const server = await spawnServer(...settings, ...flags).catch(async (error: unknown) => {
    await redis[Symbol.asyncDispose]()
    throw error
  })
  return {
    ...server,
    redis,
    workers: () => childrenOf(server.process.pid),
    async [Symbol.asyncDispose]() {
      const workers = childrenOf(server.process.pid)
      await server[Symbol.asyncDispose]()
      await until('no worker is left', () => !workers.some(isAlive))
      await redis[Symbol.asyncDispose]()
    },
  }
}

export const childrenOf = (pid: number | undefined): number[] =>
  spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number)

/** Requests a path over a new connection, which reaches the next worker. */
export async function fresh(origin: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  const [response] = await once(get(`${origin}${path}`, { agent: false, headers }), 'response')
  return text(response)
}

/** Connects clients of every transport. They end with the test. */
export async function connectClients(origin: string, each: number): Promise<readonly FeedClient[]> {
  const names = Object.keys(transports) as TransportName[]
  const clients = names.flatMap((name) => Array.from({ length: each }, () => connect(name, origin)))
  onTestFinished(() => clients.forEach((client) => client.stop()))
  await until('every client is connected', () => clients.every(isUp), 20_000)
  return clients
}

export interface SteadyPublishing {
  /** Ends the publishing. Resolves with the texts in order. */
  end(): Promise<readonly string[]>
}

/**
 * Publishes one message after the other, at most until the end of the test. Repeats a publish that has no response.
 */
export function startPublishing(origin: string): SteadyPublishing {
  const texts: string[] = []
  const over = new AbortController()
  onTestFinished(() => over.abort())
  const publishing = publish()
  // The promise of `end` reports an error. A test that has failed does not wait for it.
  publishing.catch(() => {})
  return {
    async end() {
      over.abort()
      await publishing
      return texts
    },
  }

  async function publish(): Promise<void> {
    while (!over.signal.aborted) {
      const message = String(texts.length + 1)
      await until('the message is accepted', () => isAccepted(origin, message))
      texts.push(message)
    }
  }
}

async function isAccepted(origin: string, message: string): Promise<boolean> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': message, connection: 'close' },
    body: JSON.stringify({ user: 'Ada', text: message }),
  }).catch(() => null)
  await response?.arrayBuffer().catch(() => {})
  return response?.ok === true
}

export interface EndedStart {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** Starts a server that does not stay. Resolves when it has ended. */
export async function startOf(flags: readonly string[], nodeFlags: readonly string[] = []): Promise<EndedStart> {
  const child = spawn(process.execPath, [...nodeFlags, MAIN, '--log', 'error', '--port', '0', ...flags])
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, errors }
}
