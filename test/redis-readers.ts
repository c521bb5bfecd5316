/** Servers on one Redis, and clients that record what they receive. */
import { expect } from 'vitest'
import type { Retention } from '../server/feed/log.ts'
import { redisLog } from '../server/redis/redis-log.ts'
import type { Cursor, Event, TransportName } from '../server/protocol/feed.ts'
import { transports } from '../web/transports/index.ts'
import { balance } from './balancer.ts'
import type { Balancer } from './balancer.ts'
import { connect, isUp } from './conformance/client.ts'
import type { FeedClient } from './conformance/client.ts'
import { testRedis } from './redis.ts'
import type { TestRedis } from './redis.ts'
import { serve } from './serve.ts'
import type { Served } from './serve.ts'
import { until } from './until.ts'

const NAMES = Object.keys(transports) as TransportName[]

export const KEPT: Retention = { events: 1000, ageMs: 60_000 }

/** A server with a log of its own, like a process of its own. */
export const serverOn = async (url: string, retention = KEPT, replicas = 0): Promise<Served> =>
  serve({ log: await redisLog(url, retention, undefined, replicas) })

/** A client and everything it received, in order. */
export interface RecordedClient {
  readonly client: FeedClient
  readonly name: string
  /** Number of the reader's server, from 1. */
  readonly server: number
  /** Returns the cursors of events and gaps in their order; a gap is marked with "gap ". */
  story(): readonly string[]
}

export type RecordedClients = readonly RecordedClient[] & Disposable

export interface TwoServers extends AsyncDisposable {
  readonly redis: TestRedis
  readonly one: Served
  readonly other: Served
  /** The relay through which `other` reaches Redis. */
  readonly link: Balancer
  readonly readers: RecordedClients
}

/**
 * Starts two servers on one Redis, and connects a client of each transport to each server. Every client has received
 * `events` events. `flags`: settings of redis-server.
 */
export async function twoServers(
  events = 1,
  { flags = [], retention = KEPT }: { readonly flags?: readonly string[]; readonly retention?: Retention } = {},
): Promise<TwoServers> {
  await using stack = new AsyncDisposableStack()
  const redis = stack.use(await testRedis(...flags))
  const link = stack.use(await balance(redis.url))
  const one = stack.use(await serverOn(redis.url, retention))
  const other = stack.use(await serverOn(`redis://127.0.0.1:${link.port}`, retention))
  const readers = stack.use(await readersOf(one, other))
  await publishTo(readers, one, events)
  const owned = stack.move()
  return { redis, one, other, link, readers, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Publishes events, and resolves when every reader has received them. */
export async function publishTo(readers: RecordedClients, server: Served, events: number): Promise<void> {
  const before = readers[0]?.client.events.length ?? 0
  for (let i = 0; i < events; i++) await server.publish(String(before + i + 1))
  await until(`every client has ${events} more events`, () =>
    readers.every(({ client }) => client.events.length === before + events),
  )
}

/** Connects a client of each transport to each server. Disposing of the readers stops the clients. */
export async function readersOf(...servers: readonly Pick<Served, 'origin'>[]): Promise<RecordedClients> {
  const readers = servers.flatMap(({ origin }, i) =>
    NAMES.map((name): RecordedClient => {
      const gaps: { readonly at: number; readonly cursor: Cursor }[] = []
      const client: FeedClient = connect(name, origin, {
        atGap: () => gaps.push({ at: client.events.length, cursor: client.gaps.at(-1) ?? '' }),
      })
      return {
        client,
        name: `${name} of server ${i + 1}`,
        server: i + 1,
        story: () => {
          const ids = client.events.map(({ id }) => id)
          for (const { at, cursor } of gaps.toReversed()) ids.splice(at, 0, `gap ${cursor}`)
          return ids
        },
      }
    }),
  )
  // A client that is left over would keep its server from closing.
  const stop = (): void => readers.forEach(({ client }) => client.stop())
  await until('every client is connected', () => readers.every(({ client }) => isUp(client)))
  return Object.assign(readers, { [Symbol.dispose]: stop })
}

/** Waits until every reader has the event `last`, and expects no reader to miss an event without a gap. */
export async function expectNoHole(readers: readonly RecordedClient[], last: Event): Promise<void> {
  await until(
    'every client has the last event',
    () => readers.every(({ client }) => client.events.at(-1)?.id === last.id),
    20_000,
  ).catch((error) => {
    throw new Error(`${error.message} ${last.id}: ${JSON.stringify(readers.map(({ name, story }) => [name, story()]))}`)
  })
  for (const { name, story } of readers) expect([name, holesIn(story())]).toEqual([name, []])
}

/** Returns the places at which a client misses events without a gap. */
function holesIn(story: readonly string[]): readonly string[] {
  return story.slice(1).flatMap((id, i) => {
    const before = (story[i] ?? '').replace('gap ', '')
    const [epoch, seq] = before.split('.')
    return id.startsWith('gap ') || id === `${epoch}.${Number(seq) + 1}` ? [] : [`${before} → ${id}`]
  })
}

export const expectNoGap = (readers: readonly RecordedClient[]): void =>
  expect(readers.flatMap(({ client }) => client.gaps)).toEqual([])

/** Expects each reader to have one gap, and `events` events of which no two have the same id. */
export function expectOneGap(readers: readonly RecordedClient[], events: number): void {
  for (const { name, client } of readers) {
    const ids = new Set(client.events.map(({ id }) => id))
    expect([name, client.gaps.length, ids.size, client.events.length]).toEqual([name, 1, events, events])
  }
}

export interface Posted {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly remedy: string
}

/** Publishes a message. Returns the status, and the parts of an error. */
export async function post(server: Served, text = 'x', key?: string): Promise<Posted> {
  const response = await fetch(`${server.origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  const { code = '', detail = '', remedy = '' } = await response.json()
  return { status: response.status, code, detail, remedy }
}

/** Resolves when the health of every server says that it can use Redis. */
export const isBack = (...servers: readonly Pick<Served, 'origin'>[]): Promise<boolean> =>
  until('every server can use Redis again', async () => {
    const answers = await Promise.all(servers.map(async ({ origin }) => (await fetch(`${origin}/health`)).json()))
    return answers.every(({ log }) => log === 'ok')
  })
