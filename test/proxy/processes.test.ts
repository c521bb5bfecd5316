/** Two processes on one Redis behind real proxies, with the configurations in server/README.md. No proxy is sticky. */
import { describe, expect, test } from 'vitest'
import type { Cursor, Event, TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { createPublisher } from '../chaos/publisher.ts'
import { connect, isUp } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { spawnServer } from '../spawn.ts'
import type { Spawned } from '../spawn.ts'
import { until } from '../until.ts'
import { configurationOf } from './configuration.ts'
import { PUBLIC, acceptAnyCertificate, isInstalled, startProxy } from './proxy.ts'

const NAMES = Object.keys(transports) as TransportName[]
const TOKEN = 'the-token-of-all-processes'

acceptAnyCertificate()

const startProcess = (redis: string, port = 0): Promise<Spawned> =>
  spawnServer(
    `--redis=${redis}`,
    `--port=${port}`,
    '--data=:memory:',
    '--limits=off',
    `--allow-host=${PUBLIC}`,
    `--instructor-token=${TOKEN}`,
  )

/** Returns the transports over which this process has delivered events. */
async function servedBy({ origin }: Spawned): Promise<readonly string[]> {
  const response = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const counts = (await response.text()).matchAll(/^fourwire_deliveries_total\{transport="(.*)"\} [1-9]/gm)
  return Array.from(counts, ([, transport = '']) => transport)
}

async function publish(origin: string, key: string): Promise<{ readonly status: number; readonly id: Cursor }> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ user: 'Ada', text: key }),
  })
  return { status: response.status, id: ((await response.json()) as Event).id }
}

describe.skipIf(!HAS_REDIS).concurrent.each(['caddy', 'haproxy', 'nginx'] as const)(
  '%s before two processes',
  (name) => {
    test.skipIf(!isInstalled(name))(
      `loses and doubles no event while one process is killed, the other one is stopped, and both start again (skipped if ${name} is not installed)`,
      async () => {
        await using redis = await testRedis()
        await using one = await startProcess(redis.url)
        await using other = await startProcess(redis.url)
        await using proxy = await startProxy(name, configurationOf(name, one.port, other.port))
        const origin = `https://${PUBLIC}:${proxy.port}`
        const clients = [...NAMES, ...NAMES].map((transport) => connect(transport, origin))
        const publisher = createPublisher(() => origin, 'lobby')
        const everyClientHas = (count: number) =>
          until(`every client has ${count} events`, () => clients.every(({ events }) => events.length >= count), 20_000)
        try {
          await until('every client is connected', () => clients.every(isUp))
          const first = await publish(one.origin, 'first')
          expect(first.status).toBe(201)
          // Whichever process gets these two requests, one of them has not seen the first request.
          const again = [
            await publish(origin, 'first'),
            await publish(origin, 'first'),
            await publish(other.origin, 'first'),
          ]
          expect(again).toEqual(again.map(() => ({ status: 200, id: first.id })))

          publisher.burst(100)
          await everyClientHas(101)
          for (const process of [one, other])
            expect(await servedBy(process)).toEqual(expect.arrayContaining(['short-poll', 'long-poll']))

          // Redis stores this event, but the process is killed before it reads Redis's reply. The process also never
          // replies to some requests that the proxy has sent to it.
          redis.signal('SIGSTOP')
          const lost = publish(one.origin, 'lost').catch(() => 'no response')
          for (let i = 0; i < 5; i++) await fetch(`${one.origin}/health`)
          one.process.kill('SIGSTOP')
          redis.signal('SIGCONT')
          publisher.burst(50)
          await until('the other process has accepted publishes', () => publisher.acknowledged.size > 100)
          await one.end('SIGKILL')
          expect(await lost).toBe('no response')
          const found = await publish(origin, 'lost')
          expect(found.status).toBe(200)
          // No request fails at once after a process was killed.
          const afterwards = Array.from({ length: 5 }, (_, i) => `after-the-kill-${i}`)
          for (const key of afterwards) {
            expect((await fetch(`${origin}/feed/lobby/poll?after=${found.id}`)).status).toBe(200)
            expect((await publish(origin, key)).status).toBe(201)
          }
          await publisher.done()
          await everyClientHas(157)
          expect(await servedBy(other)).toEqual(NAMES)

          await using oneAgain = await startProcess(redis.url, one.port)
          await until('the proxy uses the new process', async () => {
            publisher.burst(1)
            await publisher.done()
            return (await servedBy(oneAgain)).includes('short-poll')
          })
          publisher.burst(100)
          await until('half of the events are published', () => publisher.acknowledged.size > 200)
          expect(await other.end('SIGTERM')).toBe(0)
          publisher.burst(50)
          await publisher.done()
          await everyClientHas(publisher.acknowledged.size + 7)
          expect(await servedBy(oneAgain)).toEqual(NAMES)

          const ids = clients[0]?.events.map(({ id }) => id) ?? []
          expect(ids.map((id) => Number(id.split('.')[1]))).toEqual(ids.map((_, i) => i + 1))
          const texts = ['first', 'lost', ...afterwards, ...publisher.acknowledged.keys()]
          expect(clients[0]?.texts().toSorted()).toEqual(texts.toSorted())
          for (const client of clients) expect([client.events, client.gaps]).toEqual([clients[0]?.events, []])
        } finally {
          publisher.stop()
          for (const client of clients) client.stop()
        }
      },
    )
  },
)

describe.skipIf(!HAS_REDIS || !isInstalled('haproxy')).concurrent('HAProxy before a process that stands still', () => {
  test('moves its clients to the other process (skipped if haproxy is not installed)', async () => {
    await using redis = await testRedis()
    await using one = await startProcess(redis.url)
    await using other = await startProcess(redis.url)
    await using proxy = await startProxy('haproxy', configurationOf('haproxy', one.port, other.port))
    const origin = `https://${PUBLIC}:${proxy.port}`
    const clients = [...NAMES, ...NAMES].map((transport) => connect(transport, origin))
    try {
      await until('every client is connected', () => clients.every(isUp))
      one.process.kill('SIGSTOP')
      await publish(other.origin, 'later')
      await until('every client has the event', () => clients.every(({ events }) => events.length === 1), 20_000)
      for (const client of clients) expect([client.texts(), client.gaps]).toEqual([['later'], []])
    } finally {
      for (const client of clients) client.stop()
    }
  })
})
