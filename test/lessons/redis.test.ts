import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../lessons/kit/redis.ts'
import type { Link } from '../../lessons/kit/redis.ts'
import { until } from '../until.ts'

test('a link can be cut, and who comes back over it gets through once it is mended', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const client = clientOf(link)
  expect(await client.set('a', '1')).toBe('OK')
  link.cut()
  await until('nothing is open', () => link.open === 0)
  const asked = client.get('a')
  link.mend()
  expect(await asked).toBe('1')
})

test('a link lets so many commands of each connection pass, and the rest when it is released', async () => {
  await using redis = await startRedis()
  const [held, free] = [await redis.link(), await redis.link()]
  const [slow, quick] = [clientOf(held), clientOf(free)]
  await slow.ping()
  held.hold(1)
  await slow.set('a', '1')
  const second = slow.incr('a')
  await until('the second is kept', () => held.held === 1)
  expect(await quick.incr('a')).toBe(2)
  held.release()
  expect(await second).toBe(3)
})

test('a link tells which connections wait for Redis to answer, and which of these for news', async () => {
  await using redis = await startRedis()
  const link = await redis.link()
  const client = clientOf(link)
  await client.ping()
  expect(link.waiting).toBe(0)
  link.hold(0)
  const held = client.ping()
  await until('it is held', () => link.held === 1)
  expect([link.waiting, link.blocked]).toEqual([0, 0])
  link.release()
  await held
  const read = client.xread('BLOCK', 5000, 'STREAMS', 'feed', '$')
  await until('the read blocks', () => link.blocked === 1)
  expect(link.waiting).toBe(1)
  await clientOf(await redis.link()).xadd('feed', '1-0', 'text', 'one')
  expect(await read).not.toBeNull()
  expect([link.waiting, link.blocked]).toEqual([0, 0])
})

test('it keeps nothing on disk, and is gone when it is stopped', async () => {
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

test('it ends with the process that started it, however that ends', async () => {
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
  await until('Redis has ended', () => client.status === 'end', 10_000)
})

test('a Redis that is named and does not run is told by its name, with what to do', async () => {
  const before = process.env['FOURWIRE_REDIS']
  process.env['FOURWIRE_REDIS'] = '/no/such/redis'
  try {
    await expect(startRedis()).rejects.toThrow(/FOURWIRE_REDIS is "\/no\/such\/redis".*unset it/)
  } finally {
    if (before === undefined) delete process.env['FOURWIRE_REDIS']
    else process.env['FOURWIRE_REDIS'] = before
  }
})

function clientOf({ url }: Link): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return client
}
