/** World of a scenario: a server, its clients, a page, and a publisher. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { testRedis } from '../redis.ts'
import type { TestRedis } from '../redis.ts'
import { follow } from './follower.ts'
import type { Follower } from './follower.ts'
import { startProcess } from './process.ts'
import type { Process } from './process.ts'
import { startProcesses } from './processes.ts'
import { createPublisher } from './publisher.ts'
import type { Publisher } from './publisher.ts'
import type { Resources } from './resources.ts'
import { view } from './viewer.ts'
import type { Viewer } from './viewer.ts'

export const ROOM = 'chaos'

export const NAMES = Object.keys(transports) as TransportName[]

export interface World extends AsyncDisposable {
  readonly process: Process
  readonly followers: readonly Follower[]
  /** Null if the server needs no Redis. */
  readonly redis: TestRedis | null
  /** True if acknowledged events survive every fault. Otherwise each restart has a new epoch. */
  readonly isDurable: boolean
  /** Null if the scenario has no browser. */
  readonly viewer: Viewer | null
  readonly publisher: Publisher
  /** Open resources of the server before any client has connected. */
  readonly before: Resources
}

/**
 * Place of the events. Several processes share a Redis. A *brief* Redis is restarted without its data, as one of the
 * faults.
 */
export const STORES = ['file', 'memory', 'Redis', 'brief Redis'] as const

export type Store = (typeof STORES)[number]

const PROCESSES = 3

/** Creates a world. After an error no part of it is left. */
export async function createWorld(browser: Browser | null, store: Store): Promise<World> {
  await using made = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-chaos-'))
  made.defer(() => rm(folder, { recursive: true }))
  const isDurable = store === 'file' || store === 'Redis'
  const redis = store === 'Redis' || store === 'brief Redis' ? made.use(await testRedis()) : null
  const data = store === 'file' ? join(folder, 'feed.db') : ':memory:'
  const process = made.use(redis ? await startProcesses(redis.url, PROCESSES) : await startProcess('--data', data))
  // Each server must have answered one request before its resources can be counted.
  for (let i = 0; i < (redis ? PROCESSES : 1); i++)
    await (await fetch(`${process.origin}/health`, { headers: { connection: 'close' } })).arrayBuffer()
  const before = await process.resources()
  const followers = await Promise.all(
    [...NAMES, ...NAMES].map(async (name) => made.use(await follow(name, process.port, ROOM))),
  )
  const viewer = browser && made.use(await view(browser, process.port, ROOM))
  const publisher = createPublisher(() => process.origin, ROOM)
  made.defer(async () => publisher.stop())
  const all = made.move()

  return {
    process,
    redis,
    isDurable,
    followers,
    viewer,
    publisher,
    before,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
