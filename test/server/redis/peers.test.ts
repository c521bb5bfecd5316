/** Tests of the messages and maps that processes share through a real Redis. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { RETENTION } from '../../../server/feed/log.ts'
import { connectRedis } from '../../../server/redis/redis-client.ts'
import type { EntryChange, Peers, SharedMap } from '../../../server/peers/peers.ts'
import { createRedisPeers } from '../../../server/redis/redis-peers.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { until } from '../../until.ts'

interface Member extends Peers {
  /** Ends the connections without a goodbye, as `kill -9` does. */
  kill(): void
}

async function member(url: string): Promise<Member> {
  const redis = await connectRedis(url, { ...RETENTION, stateAgeMs: 0 }, () => {})
  const peers = createRedisPeers(redis)
  peers.join()
  let isOver = false
  const kill = (): void => {
    if (isOver) return
    isOver = true
    peers.leave().catch(() => {})
    redis.close()
  }
  onTestFinished(kill)
  return { ...peers, kill }
}

/** Returns members that know each other. */
async function members<const N extends readonly string[]>(url: string, names: N): Promise<{ [K in keyof N]: Member }> {
  const all = await Promise.all(names.map(() => member(url)))
  await until('all know each other', () => all.every((one) => one.others().length === names.length - 1))
  return all as { [K in keyof N]: Member }
}

describe.skipIf(!HAS_REDIS)('peers on Redis', () => {
  test('a message reaches all other processes once and in order, and a message for one process only this one', async () => {
    await using redis = await testRedis()
    const [ada, ben, cleo] = await members(redis.url, ['ada', 'ben', 'cleo'])
    const heard: unknown[][] = [[], [], []]
    for (const [i, one] of [ada, ben, cleo].entries())
      one.on('hello', (message, from) => heard[i]?.push([message, from]))
    ada.tell('hello', 1)
    ada.tell('hello', 2, cleo.own)
    ada.tell('hello', 3)
    await until('cleo has all', () => heard[2]?.length === 3 && heard[1]?.length === 2)
    expect(heard).toEqual([
      [],
      [
        [1, ada.own],
        [3, ada.own],
      ],
      [
        [1, ada.own],
        [2, ada.own],
        [3, ada.own],
      ],
    ])
  })

  test('a question gets the answers of all processes that run, without those that have none', async () => {
    await using redis = await testRedis()
    const [ada, ben, cleo, dan] = await members(redis.url, ['ada', 'ben', 'cleo', 'dan'])
    ben.answer('sum', (question) => Number(question) + 1)
    cleo.answer('sum', async (question) => Number(question) + 2)
    dan.answer('sum', () => {
      throw new Error('no answer')
    })
    const answers = await ada.ask('sum', 10)
    expect(new Map(answers.map(({ from, answer }) => [from, answer]))).toEqual(
      new Map([
        [ben.own, 11],
        [cleo.own, 12],
      ]),
    )
  })

  test('a process that leaves is gone at once, and so is its answer', async () => {
    await using redis = await testRedis()
    const [ada, ben] = await members(redis.url, ['ada', 'ben'])
    const gone: string[] = []
    ada.onGone((id) => gone.push(id))
    const asked = ada.ask('anything', 1)
    await ben.leave()
    expect(await asked).toEqual([])
    expect([gone, ada.others()]).toEqual([[ben.own], []])
  })

  test('a map has the same entries in every process, also in one that begins later', async () => {
    await using redis = await testRedis()
    const [ada, ben] = await members(redis.url, ['ada', 'ben'])
    const [mine, theirs] = [ada.map('things'), ben.map('things')]
    await Promise.all([mine.ready, theirs.ready])
    const changes: unknown[] = []
    theirs.onChange((key, value) => changes.push([key, value]))
    await mine.set('a', '1')
    await mine.set('b', '2')
    await mine.set('a', null)
    await until('the changes have arrived', () => changes.length === 3)
    expect(changes).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['a', undefined],
    ])
    const late = (await member(redis.url)).map('things')
    await late.ready
    expect([...late.entries()]).toEqual([['b', '2']])
  })

  test('if several processes set an entry at the same time, all have the same value afterwards', async () => {
    await using redis = await testRedis()
    const all = await members(redis.url, ['ada', 'ben', 'cleo'])
    const maps = all.map((one) => one.map('things'))
    for (let round = 0; round < 50; round++) {
      await Promise.all(maps.map((map, i) => map.set('key', `${round} by ${i}`)))
      const stored = redis.command('HGET', 'fourwire:{shared}:things', 'key')
      await until('all have the value', () => maps.every((map) => map.get('key') === stored))
    }
  })

  test('of several processes that add or take an entry at the same time, one succeeds', async () => {
    await using redis = await testRedis()
    const all = await members(redis.url, ['ada', 'ben', 'cleo', 'dan'])
    const maps = all.map((one) => one.map('names'))
    for (let round = 0; round < 20; round++) {
      const added = await Promise.all(maps.map((map, i) => map.add(`name ${round}`, String(i))))
      expect(added.filter(Boolean)).toHaveLength(1)
      const winner = String(added.indexOf(true))
      expect(await Promise.all(maps.map((map) => map.find(`name ${round}`)))).toEqual(Array(4).fill(winner))
      const taken = await Promise.all(maps.map((map) => map.take(`name ${round}`)))
      expect(taken.filter((value) => value !== undefined)).toEqual([winner])
    }
  })

  test('several entries change in one step, and only if all of them are as expected', async () => {
    await using redis = await testRedis()
    const all = await members(redis.url, ['ada', 'ben', 'cleo'])
    const maps = all.map((one) => one.map('things'))
    const [mine, theirs] = maps as [SharedMap, SharedMap]
    const both = (before: string | null, after: string | null): EntryChange[] =>
      ['x', 'y'].map((key) => ({ key, before, after }))
    expect(await mine.change(both(null, '1'))).toBe(true)
    await until('ben has both', () => theirs.get('x') === '1' && theirs.get('y') === '1')
    let present = '1'
    for (let round = 0; round < 20; round++) {
      const won = await Promise.all(maps.map((map, i) => map.change(both(present, `${round} ${i}`))))
      expect(won.filter(Boolean)).toHaveLength(1)
      present = `${round} ${won.indexOf(true)}`
    }
    expect(await theirs.change(both('other', '2'))).toBe(false)
    expect([theirs.get('x'), theirs.get('y')]).toEqual([present, present])
    expect(await theirs.change(both(present, null))).toBe(true)
    await until('ada has none', () => mine.get('x') === undefined && mine.get('y') === undefined)
    expect(redis.command('HGETALL', 'fourwire:{shared}:things')).toBe('')
  })

  test('the entries of a map return after Redis was emptied while it ran', async () => {
    await using redis = await testRedis()
    const [ada, ben] = await members(redis.url, ['ada', 'ben'])
    const [mine, theirs] = [ada.map('things'), ben.map('things')]
    await mine.set('a', '1')
    await until('ben has it', () => theirs.get('a') === '1')
    redis.command('FLUSHALL')
    await until('Redis has it again', () => redis.command('HGET', 'fourwire:{shared}:things', 'a') === '1')
    expect([mine.get('a'), theirs.get('a')]).toEqual(['1', '1'])
  })

  test('an entry survives a restart of Redis without a dump, and changes during the outage arrive afterwards', async () => {
    await using redis = await testRedis()
    const [ada, ben] = await members(redis.url, ['ada', 'ben'])
    const [mine, theirs] = [ada.map('things'), ben.map('things')]
    await mine.set('kept', '1')
    await mine.set('deleted', '1')
    await until('ben has both', () => theirs.get('deleted') === '1' && theirs.get('kept') === '1')
    redis.signal('SIGSTOP')
    await expect(mine.set('late', '1')).rejects.toThrow('Redis')
    await expect(mine.set('deleted', null)).rejects.toThrow('Redis')
    await redis.restart()
    await until('ben has the changes', () => theirs.get('late') === '1' && theirs.get('deleted') === undefined)
    expect([mine, theirs].map((map) => Object.fromEntries(map.entries()))).toEqual([
      { kept: '1', late: '1' },
      { kept: '1', late: '1' },
    ])
    expect(redis.command('HGETALL', 'fourwire:{shared}:things').split('\n').toSorted()).toEqual([
      '1',
      '1',
      'kept',
      'late',
    ])
    await until('they know each other', () => ada.others().includes(ben.own))
  })

  test('a cut makes everybody begin again, and a process that was killed is gone after some seconds', async () => {
    await using redis = await testRedis()
    const [ada, ben, cleo] = await members(redis.url, ['ada', 'ben', 'cleo'])
    const came: string[] = []
    ada.onCome((id) => came.push(id))
    redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('ada knows both again', () => [ben, cleo].every(({ own }) => came.includes(own)))
    await until('and both know ada', () => [ben, cleo].every((one) => one.others().includes(ada.own)))
    ben.kill()
    await until('ben is gone', () => ![ada, cleo].some((one) => one.others().includes(ben.own)))
    expect([ada.others(), cleo.others()]).toEqual([[cleo.own], [ada.own]])
  })
})
