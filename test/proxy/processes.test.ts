/** Two processes on one Redis behind real proxies, with the configurations in server/README.md. No proxy is sticky. */
import { describe, expect, test } from 'vitest'
import type { Cursor, Event, TransportName } from '../../server/protocol/feed.ts'
import { redisLog } from '../../server/redis/redis-log.ts'
import { transports } from '../../web/transports/index.ts'
import { createPublisher } from '../chaos/publisher.ts'
import type { Publisher } from '../chaos/publisher.ts'
import { connect, isUp } from '../conformance/client.ts'
import type { FeedClient } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { serve } from '../serve.ts'
import { spawnServer } from '../spawn.ts'
import type { Spawned } from '../spawn.ts'
import { until } from '../until.ts'
import { configurationOf } from './configuration.ts'
import { PUBLIC, acceptAnyCertificate, isInstalled, startProxy } from './proxy.ts'
import type { ProxyName } from './proxy.ts'

const NAMES = Object.keys(transports) as TransportName[]
const INSTALLED = (['caddy', 'haproxy', 'nginx'] as const).filter(isInstalled)
const TOKEN = 'the-token-of-all-processes'

acceptAnyCertificate()

/** A proxy, two clients of each transport behind it, and a publisher. They use a room of their own. */
interface Group extends AsyncDisposable {
  readonly name: ProxyName
  readonly origin: string
  readonly clients: readonly FeedClient[]
  readonly publisher: Publisher
  /** Publishes a text, which is its own idempotency key. Default of `origin`: the proxy. */
  publish(text: string, origin?: string): Promise<{ readonly status: number; readonly id: Cursor }>
  /** Resolves when every client has every event. Rejects if a client has a gap, or an event that it should not have. */
  check(): Promise<void>
}

async function startGroup(name: ProxyName, ...ports: readonly [number, number]): Promise<Group> {
  const proxy = await startProxy(name, configurationOf(name, ...ports))
  const origin = `https://${PUBLIC}:${proxy.port}`
  const clients = [...NAMES, ...NAMES].map((transport) => connect(transport, origin, { room: name }))
  const publisher = createPublisher(() => origin, name)
  const texts = new Set<string>()
  return {
    name,
    origin,
    clients,
    publisher,
    async publish(text, at = origin) {
      texts.add(text)
      const response = await fetch(`${at}/feed/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': text },
        body: JSON.stringify({ user: 'Ada', text }),
      })
      return { status: response.status, id: ((await response.json()) as Event).id }
    },
    async check() {
      await publisher.done()
      const all = [...texts, ...publisher.acknowledged.keys()].toSorted()
      const haveAll = () => clients.every(({ events }) => events.length >= all.length)
      await until(`every client behind ${name} has ${all.length} events`, haveAll, 20_000)
      const [first] = clients
      expect(first?.texts().toSorted(), name).toEqual(all)
      expect(first?.events.map(({ id }) => Number(id.split('.')[1]))).toEqual(all.map((_, i) => i + 1))
      for (const client of clients) expect([client.events, client.gaps], name).toEqual([first?.events, []])
    },
    async [Symbol.asyncDispose]() {
      publisher.stop()
      for (const client of clients) client.stop()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

const startProcess = (redis: string, port = 0): Promise<Spawned> =>
  spawnServer(
    `--redis=${redis}`,
    `--port=${port}`,
    '--data=:memory:',
    '--limits=off',
    `--allow-host=${PUBLIC}`,
    `--instructor-token=${TOKEN}`,
  )

/** Returns the number of events that this process has delivered over each transport. */
async function deliveriesOf({ origin }: Spawned): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const counts = (await response.text()).matchAll(/^fourwire_deliveries_total\{transport="(.*)"\} (\d+)/gm)
  return new Map(Array.from(counts, ([, transport = '', count]) => [transport, Number(count)]))
}

async function expectDeliveriesByAll(process: Spawned): Promise<void> {
  const counts = await deliveriesOf(process)
  expect(NAMES.filter((transport) => !counts.get(transport))).toEqual([])
}

describe.skipIf(!HAS_REDIS).concurrent('behind proxies, with two processes on one Redis', () => {
  test.skipIf(INSTALLED.length === 0)(
    'no event is lost or doubled while one process is killed and starts again, and the other one is stopped (skipped without nginx, HAProxy and Caddy)',
    async () => {
      await using redis = await testRedis()
      await using one = await startProcess(redis.url)
      await using other = await startProcess(redis.url)
      await using stack = new AsyncDisposableStack()
      const groups: Group[] = []
      for (const name of INSTALLED) groups.push(stack.use(await startGroup(name, one.port, other.port)))
      const each = (work: (group: Group) => Promise<unknown>) => Promise.all(groups.map(work))
      await until('every client is connected', () => groups.every(({ clients }) => clients.every(isUp)))

      // One proxy after the other, so that it is known which proxy has used a process.
      for (const { name, publisher, publish, check } of groups) {
        const before = await Promise.all([one, other].map(deliveriesOf))
        const first = await publish('first', one.origin)
        expect(first.status).toBe(201)
        // The other process has not accepted the first request itself.
        const again = [await publish('first'), await publish('first'), await publish('first', other.origin)]
        expect(again).toEqual(again.map(() => ({ status: 200, id: first.id })))
        publisher.burst(100)
        await check()
        for (const [i, process] of [one, other].entries()) {
          const counts = await deliveriesOf(process)
          for (const transport of ['short-poll', 'long-poll'])
            expect(counts.get(transport), name).toBeGreaterThan(before[i]?.get(transport) ?? 0)
        }
      }

      // Redis stores these events, but the process is killed before it reads Redis's reply. The process also never
      // replies to some requests that the proxies have sent to it.
      redis.signal('SIGSTOP')
      const lost = each(({ publish }) => publish('lost', one.origin).catch(() => 'no response'))
      for (let i = 0; i < 5; i++) await fetch(`${one.origin}/health`)
      one.process.kill('SIGSTOP')
      redis.signal('SIGCONT')
      for (const { publisher } of groups) publisher.burst(50)
      await until('the other process has accepted publishes', () =>
        groups.every(({ publisher }) => publisher.acknowledged.size > 100),
      )
      await one.end('SIGKILL')
      expect(await lost).toEqual(groups.map(() => 'no response'))
      // No request fails at once after a process was killed.
      await each(async ({ name, origin, publish }) => {
        expect((await publish('lost')).status, name).toBe(200)
        for (let i = 0; i < 5; i++) {
          expect((await fetch(`${origin}/feed/${name}/poll?after=0`)).status, name).toBe(200)
          expect((await publish(`after-the-kill-${i}`)).status, name).toBe(201)
        }
      })
      await each(({ check }) => check())
      await expectDeliveriesByAll(other)

      await using oneAgain = await startProcess(redis.url, one.port)
      for (const { name, publisher } of groups) {
        const before = (await deliveriesOf(oneAgain)).get('short-poll') ?? 0
        await until(`${name} uses the new process`, async () => {
          publisher.burst(1)
          await publisher.done()
          return ((await deliveriesOf(oneAgain)).get('short-poll') ?? 0) > before
        })
      }
      const counts = groups.map(({ publisher }) => publisher.acknowledged.size)
      for (const { publisher } of groups) publisher.burst(100)
      await until('some of the events are published', () =>
        groups.every(({ publisher }, i) => publisher.acknowledged.size > (counts[i] ?? 0) + 20),
      )
      expect(await other.end('SIGTERM')).toBe(0)
      for (const { publisher } of groups) publisher.burst(50)
      await each(({ check }) => check())
      await expectDeliveriesByAll(oneAgain)
    },
  )

  test.skipIf(!isInstalled('haproxy'))(
    'HAProxy moves the clients of a process that hangs to the other process (skipped if haproxy is not installed)',
    async () => {
      await using redis = await testRedis()
      await using hanging = await startProcess(redis.url)
      await using other = await serve({ log: await redisLog(redis.url), allowHosts: [PUBLIC] })
      await using group = await startGroup('haproxy', hanging.port, other.port)
      await until('every client is connected', () => group.clients.every(isUp))
      hanging.process.kill('SIGSTOP')
      await group.publish('later', other.origin)
      await group.check()
    },
  )
})
