/** Tests of faults of Redis. After each fault, every client has events without holes, or an explicit gap. */
import { describe, expect, test } from 'vitest'
import type { Retention } from '../../server/feed/log.ts'
import { redisLog } from '../../server/redis/redis-log.ts'
import type { Cursor, Event, TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { balance } from '../balancer.ts'
import { connect, isUp } from '../conformance/client.ts'
import type { FeedClient } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { until } from '../until.ts'

const NAMES = Object.keys(transports) as TransportName[]

const KEPT: Retention = { events: 1000, ageMs: 60_000 }

/** A server with a log of its own, like a process of its own. */
const serverOn = async (url: string, retention = KEPT): Promise<Served> =>
  serve({ log: await redisLog(url, retention) })

/** A client and everything it received, in order. */
interface Reader {
  readonly client: FeedClient
  readonly name: string
  /** Returns the cursors of events and gaps in their order; a gap is marked with "gap ". */
  story(): readonly string[]
}

/** Connects a client of each transport to each server. Disposing of the readers stops the clients. */
async function readersOf(...servers: readonly Served[]): Promise<readonly Reader[] & Disposable> {
  const readers = servers.flatMap(({ origin }, i) =>
    NAMES.map((name): Reader => {
      const gaps: { readonly at: number; readonly cursor: Cursor }[] = []
      const client: FeedClient = connect(name, origin, {
        atGap: () => gaps.push({ at: client.events.length, cursor: client.gaps.at(-1) ?? '' }),
      })
      return {
        client,
        name: `${name} of server ${i + 1}`,
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

/** Returns the places at which a client misses events without a gap. */
function holesIn(story: readonly string[]): readonly string[] {
  return story.slice(1).flatMap((id, i) => {
    const before = (story[i] ?? '').replace('gap ', '')
    const [epoch, seq] = before.split('.')
    return id.startsWith('gap ') || id === `${epoch}.${Number(seq) + 1}` ? [] : [`${before} → ${id}`]
  })
}

async function expectNoHole(readers: readonly Reader[], last: Event): Promise<void> {
  await until(
    'every client has the last event',
    () => readers.every(({ client }) => client.events.at(-1)?.id === last.id),
    20_000,
  ).catch((error) => {
    throw new Error(`${error.message} ${last.id}: ${JSON.stringify(readers.map(({ name, story }) => [name, story()]))}`)
  })
  for (const { name, story } of readers) expect([name, holesIn(story())]).toEqual([name, []])
}

async function post(server: Served, text = 'x'): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`${server.origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  return { status: response.status, body: await response.text() }
}

/** Opens a stream of each kind without a client, and collects its text. */
async function rawStreamsOf({ origin, port }: Served): Promise<AsyncDisposable & { texts(): readonly string[] }> {
  const texts = ['', '', '']
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed/lobby/ws`)
  socket.onmessage = ({ data }) => (texts[2] += String(data))
  const abort = new AbortController()
  for (const [i, path] of ['sse', 'stream'].entries()) {
    const { body } = await fetch(`${origin}/feed/lobby/${path}`, { signal: abort.signal })
    const read = async () => {
      for await (const bytes of body ?? []) texts[i] += Buffer.from(bytes).toString()
    }
    read().catch(() => {})
  }
  await until('the streams are open', () => texts.every((text) => text !== ''))
  return {
    texts: () => texts,
    async [Symbol.asyncDispose]() {
      abort.abort()
      socket.close()
    },
  }
}

const isBack = (...servers: readonly Served[]): Promise<boolean> =>
  until('every server can use Redis again', async () => {
    const answers = await Promise.all(servers.map(async ({ origin }) => (await fetch(`${origin}/health`)).json()))
    return answers.every(({ log }) => log === 'ok')
  })

describe.skipIf(!HAS_REDIS)('with two servers on one Redis', () => {
  test('Redis is away for 5 s: publishing fails with 503, streams stay open, and no client has a gap', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    using readers = await readersOf(one, other)
    await one.publish('1')
    await until('every client has an event', () => readers.every(({ client }) => client.events.length === 1))
    await using streams = await rawStreamsOf(one)
    redis.signal('SIGSTOP')
    const stoppedAtMs = performance.now()
    const refused = await post(one)
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body)).toMatchObject({
      code: 'log-unavailable',
      detail: expect.stringContaining('it does not reply'),
    })
    const health = await (await fetch(`${one.origin}/health`)).json()
    expect(health).toMatchObject({
      status: 'degraded',
      redis: { commands: expect.stringContaining('it does not reply') },
    })
    expect(await (await fetch(`${one.origin}/metrics`)).text()).toMatch(
      /^fourwire_redis_up\{connection="commands"\} 0$/m,
    )
    await until('five seconds are over', () => performance.now() - stoppedAtMs > 5000)
    expect(readers.map(({ client }) => client.events.length)).toEqual(readers.map(() => 1))
    const areToldOf = (type: string) => () => streams.texts().every((text) => text.includes(`{"type":"${type}"`))
    await until('every stream says that it is degraded', areToldOf('degraded'))
    // An error status would stop an EventSource for good.
    const late = await fetch(`${one.origin}/feed/lobby/sse`)
    expect([late.status, await late.text()]).toEqual([
      200,
      expect.stringMatching(/^: .* it does not reply\.\nretry: \d+\n\n$/),
    ])
    redis.signal('SIGCONT')
    await isBack(one, other)
    await until('every stream says that it is restored', areToldOf('restored'))
    await expectNoHole(readers, await other.publish('2'))
    expect(readers.flatMap(({ client }) => client.gaps)).toEqual([])
  })

  test('Redis restarts empty: every client gets a gap, and no id is used twice', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    using readers = await readersOf(one, other)
    for (let i = 0; i < 5; i++) await one.publish(String(i))
    await until('every client has five events', () => readers.every(({ client }) => client.events.length === 5))
    await redis.restart()
    await isBack(one, other)
    for (let i = 0; i < 9; i++) await other.publish(String(i))
    await expectNoHole(readers, await one.publish('last'))
    for (const { name, client } of readers) {
      expect([name, client.gaps.length]).toEqual([name, 1])
      expect(new Set(client.events.map(({ id }) => id)).size).toBe(15)
    }
  })

  test('Redis restarts with an older dump: every client gets a gap, and the lost numbers get new ids', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    using readers = await readersOf(one, other)
    for (let i = 0; i < 5; i++) await one.publish(String(i))
    redis.command('SAVE')
    for (let i = 0; i < 5; i++) await one.publish(`lost ${i}`)
    await until('every client has ten events', () => readers.every(({ client }) => client.events.length === 10))
    await redis.restart()
    await isBack(one, other)
    const last = await other.publish('after the restart')
    expect(last.id).toMatch(/\.6$/)
    await expectNoHole(readers, last)
    for (const { name, client } of readers) {
      expect([name, client.gaps.length]).toEqual([name, 1])
      // The ten events of before, and then the five events of the dump with new ids, and the new one.
      expect(new Set(client.events.map(({ id }) => id)).size).toBe(16)
    }
  })

  test('Redis is emptied while it runs: every client gets a gap at the next event', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    using readers = await readersOf(one, other)
    for (let i = 0; i < 5; i++) await one.publish(String(i))
    await until('every client has five events', () => readers.every(({ client }) => client.events.length === 5))
    redis.command('FLUSHALL')
    await expectNoHole(readers, await other.publish('after'))
    for (const { name, client } of readers) expect([name, client.gaps.length]).toEqual([name, 1])
  })

  test('the link of one server is cut, and Redis drops events meanwhile: only clients of this server get a gap', async () => {
    await using redis = await testRedis()
    await using link = await balance(redis.url)
    await using one = await serverOn(redis.url, { events: 5, ageMs: 60_000 })
    await using other = await serverOn(`redis://127.0.0.1:${link.port}`, { events: 5, ageMs: 60_000 })
    using readers = await readersOf(one, other)
    await one.publish('1')
    await until('every client has an event', () => readers.every(({ client }) => client.events.length === 1))
    link.isRefusing = true
    link.cut()
    for (let i = 0; i < 20; i++) await one.publish(String(i))
    link.isRefusing = false
    await isBack(other)
    await expectNoHole(readers, await one.publish('last'))
    const gaps = readers.map(({ name, client }) => [name.slice(-1), client.gaps.length > 0])
    for (const [server, hasGap] of gaps) if (server === '2') expect([server, hasGap]).toEqual([server, true])
  })

  test('the link of one server is cut again and again: no client has a gap', async () => {
    await using redis = await testRedis()
    await using link = await balance(redis.url)
    await using one = await serverOn(redis.url)
    await using other = await serverOn(`redis://127.0.0.1:${link.port}`)
    using readers = await readersOf(one, other)
    for (let round = 0; round < 10; round++) {
      link.cut()
      for (let i = 0; i < 5; i++) await one.publish(String(i))
      await isBack(other)
    }
    await expectNoHole(readers, await other.publish('last'))
    expect(readers.flatMap(({ client }) => client.gaps)).toEqual([])
  })

  test('the link of one server is half-open: the server notices it, and no client has a gap', async () => {
    await using redis = await testRedis()
    await using link = await balance(redis.url)
    await using one = await serverOn(redis.url)
    await using other = await serverOn(`redis://127.0.0.1:${link.port}`)
    using readers = await readersOf(one, other)
    await one.publish('1')
    await until('every client has an event', () => readers.every(({ client }) => client.events.length === 1))
    link.freeze()
    await one.publish('2')
    await expectNoHole(readers, await one.publish('3'))
    expect(readers.flatMap(({ client }) => client.gaps)).toEqual([])
  })

  test('the memory of Redis is full: publishing fails with 503 and the reason, and reading continues', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    using readers = await readersOf(one, other)
    const first = await one.publish('1')
    await expectNoHole(readers, first)
    redis.command('CONFIG', 'SET', 'maxmemory', '1')
    const refused = await post(other)
    expect([refused.status, JSON.parse(refused.body).detail]).toEqual([
      503,
      expect.stringContaining('its memory is full (maxmemory)'),
    ])
    const page = await (await fetch(`${one.origin}/feed/lobby/poll?after=0`)).json()
    expect(page.events).toEqual([first])
    redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await expectNoHole(readers, await other.publish('2'))
    expect(readers.flatMap(({ client }) => client.gaps)).toEqual([])
  })

  test('Redis forgets the scripts: publishing continues', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    using readers = await readersOf(one)
    await one.publish('1')
    redis.command('SCRIPT', 'FLUSH')
    await expectNoHole(readers, await one.publish('2'))
  })

  test('a script of another program keeps Redis busy until it is killed: publishing fails with 503, then continues', async () => {
    await using redis = await testRedis('--busy-reply-threshold', '50')
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    using readers = await readersOf(one, other)
    await one.publish('1')
    const endless = redis.begin('EVAL', 'while true do end', '0')
    const refused = await until('a publish is refused', async () => {
      const answer = await post(other)
      return answer.status === 503 ? answer : null
    })
    expect(JSON.parse(refused.body).detail).toMatch(/busy with a script|does not reply/)
    redis.command('SCRIPT', 'KILL')
    await endless
    const last = await until('publishing works again', () => one.publish('2').catch(() => null))
    await expectNoHole(readers, last)
    expect(readers.flatMap(({ client }) => client.gaps)).toEqual([])
  })
})
