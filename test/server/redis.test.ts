/** Tests of several servers on one Redis. Each server is a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../lessons/kit/port.ts'
import { createFeed } from '../../server/feed/feed.ts'
import { redisLog } from '../../server/redis/redis-log.ts'
import { createMetronome } from '../../server/lab/metronome.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { balance } from '../balancer.ts'
import { connect, isUp } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'

const NAMES = Object.keys(transports) as TransportName[]

const numbers = (count: number, from = 1): string[] => Array.from({ length: count }, (_, i) => String(from + i))

const serverOn = (url: string) => spawnServer('--redis', url, '--data', ':memory:', '--limits', 'off')

/** Starts a server that must not start. Returns its exit code and what it printed to stderr. */
async function startOf(url: string): Promise<{ readonly code: number | null; readonly errors: string }> {
  const main = join(import.meta.dirname, '../../server/main.ts')
  const child = spawn(process.execPath, [main, '--port', '0', '--data', ':memory:', '--redis', url])
  let errors = ''
  child.stderr.on('data', (bytes) => (errors += bytes))
  const [code] = await once(child, 'close')
  return { code, errors }
}

async function publish(origin: string, text: string): Promise<void> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  if (response.status !== 201) throw new Error(await response.text())
  await response.arrayBuffer()
}

describe.skipIf(!HAS_REDIS)('two processes on one Redis', () => {
  test('every transport reads from one process what the other one publishes, once and in order', async () => {
    await using redis = await testRedis()
    await using writer = await serverOn(redis.url)
    await using reader = await serverOn(redis.url)
    for (const text of numbers(100)) await publish(writer.origin, text)
    const clients = NAMES.map((name) => connect(name, reader.origin))
    try {
      for (const text of numbers(100, 101)) await publish(writer.origin, text)
      await until('every client has 200 events', () => clients.every(({ events }) => events.length >= 200))
      for (const client of clients) expect([client.texts(), client.gaps]).toEqual([numbers(200), []])
    } finally {
      for (const client of clients) client.stop()
    }
  })

  test('clients that hop between the processes miss nothing, while both processes publish', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    await using balancer = await balance(one.port, other.port)
    const clients = NAMES.map((name) => connect(name, balancer.origin))
    try {
      await until('every client is connected', () => clients.every(isUp))
      for (let round = 0; round < 10; round++) {
        await Promise.all([publish(one.origin, 'x'), publish(other.origin, 'y'), publish(one.origin, 'z')])
        balancer.cut()
      }
      await until('every client has 30 events', () => clients.every(({ events }) => events.length >= 30), 20_000)
      const [first] = clients
      expect(first?.events.map(({ id }) => Number(id.split('.')[1]))).toEqual(numbers(30).map(Number))
      for (const client of clients) expect([client.events, client.gaps]).toEqual([first?.events, []])
    } finally {
      for (const client of clients) client.stop()
    }
  })

  test('the metronome of a room ticks once and not once for each process, and continues if its process ends', async () => {
    await using redis = await testRedis()
    const logs = [await redisLog(redis.url), await redisLog(redis.url)]
    const feeds = logs.map((log) => createFeed(log))
    const metronomes = feeds.map((feed, i) => createMetronome(feed, 'lab', () => 1, logs[i]?.peers?.lease))
    onTestFinished(() => metronomes.forEach((metronome) => metronome.stop()))
    const counts = [0, 0]
    logs.forEach((log, i) => log.onCommit(() => (counts[i] = (counts[i] ?? 0) + 1)))
    for (const metronome of metronomes) metronome.setRate(50)
    await until('there are 20 ticks', () => Math.max(...counts) >= 20)
    expect(Math.min(...counts)).toBe(0)
    const [ticking, waiting] = counts[0] === 0 ? [1, 0] : [0, 1]
    metronomes[ticking]?.stop()
    await until('the other metronome ticks', () => (counts[waiting] ?? 0) > 0)
    for (const metronome of metronomes) metronome.stop()
    for (const feed of feeds) await feed.close()
  })

  test.each([
    ['a URL of another scheme', 'http://localhost:6379', 'not the address of a Redis'],
    ['an address at which nothing listens', 'redis://127.0.0.1:1', 'nothing listens there'],
    ['a socket that does not exist', '/tmp/no-such-folder/redis.sock', 'there is no such socket'],
  ])('the server refuses to start with %s', async (_what, url, why) => {
    const { code, errors } = await startOf(url)
    expect([code, errors]).toEqual([2, expect.stringContaining(why)])
    expect(errors).toContain(`--redis is "${url}"`)
  })

  test('the server refuses to start with a wrong password, and does not print the password', async () => {
    await using redis = await testRedis('--requirepass', 'right')
    await using link = await balance(redis.url)
    const { code, errors } = await startOf(`redis://:secret@127.0.0.1:${link.port}`)
    expect([code, errors]).toEqual([2, expect.stringContaining('the user name or the password is wrong')])
    expect(errors).toContain(`--redis is "redis://:***@127.0.0.1:${link.port}"`)
    expect(errors).not.toContain('secret')
    const withoutPassword = await startOf(`redis://127.0.0.1:${link.port}`)
    expect([withoutPassword.code, withoutPassword.errors]).toEqual([2, expect.stringContaining('it needs a password')])
  })

  test('the server refuses to start with a Redis Cluster', async () => {
    await using redis = await testRedis('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()))
    const { code, errors } = await startOf(redis.url)
    expect([code, errors]).toEqual([2, expect.stringContaining('it is a Redis Cluster')])
  })

  test('the server refuses to start with a Redis that is too old, and names the version that it needs', async () => {
    // A server that replies like an old Redis: a simple string to each command, and its version to INFO.
    const info = 'redis_version:6.0.16\r\nredis_mode:standalone\r\nrole:master\r\nrun_id:a\r\n'
    const old = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        for (const [, name = ''] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
          socket.write(/info/i.test(name) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n')
      })
    })
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
    const address = old.address()
    const port = typeof address === 'object' ? address?.port : 0
    const { code, errors } = await startOf(`redis://127.0.0.1:${port}`)
    old.close()
    expect([code, errors]).toEqual([
      2,
      expect.stringContaining('it is Redis 6.0.16. Fourwire needs Redis 7.0 or later'),
    ])
  })

  test('the server refuses data of a later layout at its start, and also while it runs', async () => {
    await using redis = await testRedis()
    const log = await redisLog(redis.url)
    await log.append('lobby', { type: 'tick' })
    redis.command('SET', 'fourwire:layout', '3')
    const { code, errors } = await startOf(redis.url)
    expect([code, errors]).toEqual([
      2,
      expect.stringContaining('its data has the layout 3, which belongs to a later Fourwire'),
    ])
    await until('the running log refuses the layout', () => log.trouble?.()?.includes('the layout 3'))
    await expect(log.append('lobby', { type: 'tick' })).rejects.toThrow('the layout 3')
    await log.close()
  })

  test('data of an earlier layout is taken over: the events stay, and each reader gets one gap', async () => {
    await using redis = await testRedis()
    const before = await redisLog(redis.url)
    for (const text of numbers(3)) await before.append('lobby', { type: 'message', user: 'Ada', text })
    const { epoch: old } = await before.extent('lobby')
    await before.close()
    // In the layout 1, a room had the id of a run of Redis, and no process gave the run a name.
    redis.command('SET', 'fourwire:layout', '1')
    redis.command('DEL', 'fourwire:run')
    redis.command('HSET', 'fourwire:{lobby}:room', 'run', 'the id of a run')
    const after = await redisLog(redis.url)
    const events = await after.read('lobby', 0, 10)
    expect(events.map(({ text }) => text)).toEqual(numbers(3))
    expect((await after.extent('lobby')).epoch).not.toBe(old)
    expect(redis.command('GET', 'fourwire:layout')).toBe('2')
    await after.close()
  })

  test('two people change one board through two processes at once, and no change is lost', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    const change = async (origin: string, type: string, fields: object): Promise<number> => {
      const response = await fetch(`${origin}/boards/plan`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'Ada', type, ...fields }),
      })
      await response.arrayBuffer()
      return response.status
    }
    expect(await change(one.origin, 'list_created', { list: { id: 'new', title: 'New' } })).toBe(201)
    const changes = numbers(40).map((id, i) =>
      change(i % 2 === 0 ? one.origin : other.origin, 'task_created', { task: { id, title: id, list: 'new' } }),
    )
    expect(await Promise.all(changes)).toEqual(changes.map(() => 201))
    const boards = await Promise.all(
      [one, other].map(async ({ origin }) => (await fetch(`${origin}/boards/plan`)).json()),
    )
    expect(
      boards[0].board.tasks.map(({ id }: { id: string }) => Number(id)).toSorted((a: number, b: number) => a - b),
    ).toEqual(numbers(40).map(Number))
    expect(boards[1]).toEqual(boards[0])
  })
})
