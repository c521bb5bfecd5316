import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../lessons/kit/redis.ts'
import type { RedisCommand, RedisLink } from '../../lessons/kit/redis.ts'
import { until } from '../until.ts'

test('after a link was cut and mended, a client that reconnects gets its response', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const client = clientOf(link)
  expect(await client.set('a', '1')).toBe('OK')
  link.cut()
  await until('the link has no open connection', () => link.open === 0)
  const asked = client.get('a')
  link.mend()
  expect(await asked).toBe('1')
})

test('a link lets a given number of commands of each connection pass, and holds the rest until it is released', async () => {
  await using redis = await startRedis()
  const [held, free] = [await redis.link(), await redis.link()]
  const [slow, quick] = [clientOf(held), clientOf(free)]
  await slow.ping()
  held.hold(1)
  await slow.set('a', '1')
  const second = slow.incr('a')
  await until('the link holds the second command', () => held.held === 1)
  expect(await quick.incr('a')).toBe(2)
  held.release()
  expect(await second).toBe(3)
})

test('a link counts the connections that wait for Redis, and those of them that wait for new entries', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const client = clientOf(link)
  await client.ping()
  expect(link.waiting).toBe(0)
  link.hold(0)
  const held = client.ping()
  await until('the link holds a command', () => link.held === 1)
  expect([link.waiting, link.blockedMs]).toEqual([0, []])
  link.release()
  await held
  const read = client.xread('BLOCK', 5000, 'STREAMS', 'feed', '$')
  await until('the read waits for news', () => link.blockedMs.length === 1)
  expect([link.waiting, link.blockedMs]).toEqual([1, [5000]])
  await clientOf(await redis.link()).xadd('feed', '1-0', 'text', 'one')
  expect(await read).not.toBeNull()
  expect([link.waiting, link.blockedMs]).toEqual([0, []])
})

test('a link that holds blocking reads lets every other command pass, also those that it held before', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const [client, reader] = [clientOf(link), clientOf(link)]
  await Promise.all([client.ping(), reader.ping()])
  link.hold(0)
  const asked = client.incr('a')
  const read = reader.xread('BLOCK', 5000, 'STREAMS', 'feed', '0')
  await until('the link holds both', () => link.held === 2)
  link.hold('blocking')
  expect(await asked).toBe(1)
  await client.xadd('feed', '1-0', 'text', 'one')
  expect(link.held).toBe(1)
  link.release()
  expect(await read).toEqual([['feed', [['1-0', ['text', 'one']]]]])
})

test('a link can shorten the time limit of reads, except of those without a limit', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const [client, endless] = [clientOf(link), clientOf(link)]
  await Promise.all([client.ping(), endless.ping()])
  link.isShort = true
  const { sent } = link
  expect(await client.xread('BLOCK', 60_000, 'STREAMS', 'feed', '$')).toBeNull()
  expect(link.sent).toBe(sent + 1)
  const read = endless.xread('BLOCK', 0, 'STREAMS', 'feed', '$')
  await until('the read waits for news', () => link.blockedMs.length === 1)
  await client.xadd('feed', '1-0', 'text', 'one')
  expect(await read).toHaveLength(1)
})

test('a link reports the commands that Redis runs, and those of its scripts', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const client = clientOf(link)
  await client.ping()
  const commands: RedisCommand[] = []
  const stop = await link.watch((command) => void commands.push(command))
  await client.eval(`return redis.call('SET', KEYS[1], 'a "b"')`, 1, 'name')
  await until('both are reported', () => commands.length === 2)
  stop()
  expect(commands).toEqual([
    { isOfScript: false, words: ['eval', expect.any(String), '1', 'name'] },
    { isOfScript: true, words: ['set', 'name', String.raw`a \"b\"`] },
  ])
})

test('the test’s Redis stores nothing on disk, and deletes its folder when it is stopped', async () => {
  const redis = await startRedis()
  const client = new Redis(redis.port, '127.0.0.1', { retryStrategy: () => null })
  client.on('error', () => {})
  const [, folder = ''] = (await client.config('GET', 'dir')) as string[]
  expect(existsSync(folder)).toBe(true)
  expect(await client.config('GET', 'save')).toEqual(['save', ''])
  await redis.stop()
  expect(existsSync(folder)).toBe(false)
  await until('the connection has ended', () => client.status === 'end')
})

test('the test’s Redis ends when the process that started it ends or is killed', async () => {
  const script = `
    import { startRedis } from './lessons/kit/redis.ts'
    console.log((await startRedis()).port)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = await once(child.stdout, 'data')
  const client = new Redis(Number(said), '127.0.0.1', { retryStrategy: () => null })
  client.on('error', () => {})
  expect(await client.ping()).toBe('PONG')
  child.kill('SIGKILL')
  await until('the connection to Redis has ended', () => client.status === 'end', 10_000)
})

test('if the given Redis does not run, the error names it and gives a remedy', async () => {
  const before = process.env['FOURWIRE_REDIS_SERVER']
  process.env['FOURWIRE_REDIS_SERVER'] = '/no/such/redis'
  try {
    await expect(startRedis()).rejects.toThrow(/FOURWIRE_REDIS_SERVER is "\/no\/such\/redis".*unset it/)
  } finally {
    if (before === undefined) delete process.env['FOURWIRE_REDIS_SERVER']
    else process.env['FOURWIRE_REDIS_SERVER'] = before
  }
})

function clientOf({ url }: RedisLink): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return client
}
