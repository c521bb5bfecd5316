/** Tests of work that only one of several processes does, on a real Redis. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { RETENTION } from '../../../server/feed/log.ts'
import { MOST_KEPT } from '../../../server/peers/sole-work.ts'
import type { SoleWork } from '../../../server/peers/sole-work.ts'
import { connectRedis } from '../../../server/redis/redis-client.ts'
import { redisWork } from '../../../server/redis/redis-work.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { until } from '../../until.ts'

async function worker(url: string, id: string): Promise<SoleWork> {
  const redis = await connectRedis(url, { ...RETENTION, stateAgeMs: 0 }, () => {})
  onTestFinished(redis.close)
  return redisWork(redis, id, 'show')
}

const LONG_MS = 60_000

/** Time after which a process has certainly lost the work, because others need at least as long to ask. */
const SHORT_MS = 1

const taken = (work: SoleWork) =>
  until('the work is taken', async () => {
    const found = await work.take(LONG_MS, false)
    return found.is === 'taken' ? found : null
  })

describe.skipIf(!HAS_REDIS)('work in Redis', () => {
  test('of several processes that take the work at once, one gets it, and it keeps the work', async () => {
    await using redis = await testRedis()
    const all = await Promise.all(['a', 'b', 'c'].map((id) => worker(redis.url, id)))
    const found = await Promise.all(all.map((work) => work.take(LONG_MS, false)))
    expect(found.map(({ is }) => is).toSorted()).toEqual(['other', 'other', 'taken'])
    const again = await Promise.all(all.map((work) => work.take(LONG_MS, false)))
    expect(again.map(({ is }) => is)).toEqual(found.map(({ is }) => (is === 'taken' ? 'held' : is)))
  })

  test('the next process gets what was saved last, and what an earlier one saves late is refused', async () => {
    await using redis = await testRedis()
    const [a, b] = [await worker(redis.url, 'a'), await worker(redis.url, 'b')]
    await a.take(SHORT_MS, false)
    expect(await a.save('one')).toBe(true)
    expect(await a.save('two')).toBe(true)
    expect(await taken(b)).toEqual({ is: 'taken', number: 2, text: 'two', isLost: false })
    expect(await a.save('late')).toBe(false)
    expect(await a.keep('late')).toBe(false)
    expect(redis.command('HGET', 'fourwire:{shared}:work:show', 'text')).toBe('two')
    expect(await a.take(LONG_MS, false)).toEqual({ is: 'other' })
    expect(await b.save('three')).toBe(true)
  })

  test('a process that did not come to take the work again still has it, if no other process has taken it', async () => {
    await using redis = await testRedis()
    const a = await worker(redis.url, 'a')
    await a.take(SHORT_MS, false)
    expect(await a.take(LONG_MS, false)).toEqual({ is: 'held', isLost: false })
  })

  test('another process can take released work at once, and a late release takes nothing from it', async () => {
    await using redis = await testRedis()
    const [a, b] = [await worker(redis.url, 'a'), await worker(redis.url, 'b')]
    await a.take(LONG_MS, false)
    await a.release()
    expect(await b.take(LONG_MS, false)).toMatchObject({ is: 'taken', number: 2, text: null })
    await a.release()
    expect(await a.take(LONG_MS, false)).toEqual({ is: 'other' })
  })

  test('if Redis loses the text, the process that has it goes on, and others do not take the work without force', async () => {
    await using redis = await testRedis()
    const [a, b] = [await worker(redis.url, 'a'), await worker(redis.url, 'b')]
    await a.take(LONG_MS, false)
    await a.save('one')
    b.note(1)
    redis.command('FLUSHALL')
    expect(await b.take(LONG_MS, false)).toEqual({ is: 'lost' })
    expect(await a.take(SHORT_MS, false)).toEqual({ is: 'held', isLost: true })
    expect(await a.save('one')).toBe(true)
    expect(await a.take(SHORT_MS, false)).toEqual({ is: 'held', isLost: false })
    redis.command('FLUSHALL')
    expect(await b.take(LONG_MS, true)).toEqual({ is: 'taken', number: 2, text: null, isLost: true })
  })

  test('the process that has the work notices that Redis has lost its last save', async () => {
    await using redis = await testRedis()
    const a = await worker(redis.url, 'a')
    await a.take(LONG_MS, false)
    await a.save('one')
    redis.command('SAVE')
    await a.save('two')
    await redis.restart()
    const found = await until('Redis is back', () => a.take(LONG_MS, false).catch(() => null))
    expect(found).toEqual({ is: 'held', isLost: true })
  })

  test('the kept texts are the newest ones', async () => {
    await using redis = await testRedis()
    const a = await worker(redis.url, 'a')
    await a.take(LONG_MS, false)
    const texts = Array.from({ length: MOST_KEPT + 5 }, (_, i) => `class ${i}`)
    for (const text of texts) expect(await a.keep(text)).toBe(true)
    expect(await a.kept()).toEqual(texts.toReversed().slice(0, MOST_KEPT))
  })
})
