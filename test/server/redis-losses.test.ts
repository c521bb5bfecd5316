/** Tests of faults in which events are lost. Afterwards, every client has events without holes, or an explicit gap. */
import { describe, expect, test } from 'vitest'
import { expectNoHole, expectOneGap, isBack, publishTo, serverOn, twoServers } from '../redis-readers.ts'
import { redisLog } from '../../server/redis/redis-log.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { until } from '../until.ts'

describe.skipIf(!HAS_REDIS)('with two servers on one Redis', () => {
  test('Redis restarts empty: every client gets a gap, and no id is used twice', async () => {
    await using servers = await twoServers(5)
    const { redis, one, other, readers } = servers
    await redis.restart()
    await isBack(one, other)
    for (let i = 0; i < 9; i++) await other.publish(String(i))
    await expectNoHole(readers, await one.publish('last'))
    expectOneGap(readers, 15)
  })

  test('Redis restarts with an older dump: every client gets a gap, and the lost numbers get new ids', async () => {
    await using servers = await twoServers(5)
    const { redis, one, other, readers } = servers
    redis.command('SAVE')
    await publishTo(readers, one, 5)
    await redis.restart()
    await isBack(one, other)
    const last = await other.publish('after the restart')
    expect(last.id).toMatch(/\.6$/)
    await expectNoHole(readers, last)
    // The ten events of before, and then the five events of the dump with new ids, and the new one.
    expectOneGap(readers, 16)
  })

  test('Redis is emptied while it runs: every client gets a gap at the next event', async () => {
    await using servers = await twoServers(5)
    const { redis, other, readers } = servers
    redis.command('FLUSHALL')
    await expectNoHole(readers, await other.publish('after'))
    expectOneGap(readers, 6)
  })

  test('the link of one server is cut, and Redis drops events meanwhile: only clients of this server get a gap', async () => {
    await using servers = await twoServers(1, { retention: { events: 5, ageMs: 60_000 } })
    const { one, other, link, readers } = servers
    link.isRefusing = true
    link.cut()
    for (let i = 0; i < 20; i++) await one.publish(String(i))
    link.isRefusing = false
    await isBack(other)
    await expectNoHole(readers, await one.publish('last'))
    for (const { name, server, client } of readers)
      if (server === 2) expect([name, client.gaps.length > 0]).toEqual([name, true])
  })

  test('a script of Fourwire that has written cannot be killed: Redis ends without saving, and no half of the change remains', async () => {
    await using redis = await testRedis('--busy-reply-threshold', '1')
    const retention = { events: 100_000, ageMs: 600_000 }
    const log = await redisLog(redis.url, retention)
    for (let i = 0; i < 60; i++)
      await Promise.all(Array.from({ length: 1000 }, () => log.append('lobby', { type: 'tick' })))
    const { epoch } = await log.extent('lobby')
    await log.close()
    redis.command('SAVE')
    await redis.restart()
    // The new run gives the room a new epoch, and the script writes each event again.
    const later = await redisLog(redis.url, retention)
    later.extent('lobby').catch(() => {})
    await until('the script is not killed', () => /UNKILLABLE/.test(redis.command('SCRIPT', 'KILL')))
    redis.command('SHUTDOWN', 'NOSAVE')
    await later.close()
    await redis.restart()
    await using server = await serverOn(redis.url, retention)
    const last = await server.publish('after')
    expect(last.id).toMatch(/\.60001$/)
    expect(last.id.startsWith(`${epoch}.`)).toBe(false)
    const page = await (await fetch(`${server.origin}/feed/lobby/poll?after=${epoch}.60000&limit=1`)).json()
    expect(page).toMatchObject({ gap: true, events: [{ id: last.id.replace('60001', '1') }] })
  })

  test('events are too old: Redis deletes them, later readers get a gap, and the numbers continue', async () => {
    await using redis = await testRedis()
    const ageMs = 300
    await using server = await serverOn(redis.url, { events: 1000, ageMs, stateAgeMs: ageMs })
    const first = await server.publish('1')
    await server.publish('2')
    const response = await fetch(`${server.origin}/boards/plan`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'Ada', type: 'list_created', list: { id: 'a', title: 'A' } }),
    })
    expect(response.status).toBe(201)
    await until('the events and the board are gone', () =>
      ['{lobby}:events', '{plan}:state'].every((key) => redis.command('EXISTS', `fourwire:${key}`) === '0'),
    )
    const third = await server.publish('3')
    expect(third.id).toBe(first.id.replace(/1$/, '3'))
    const page = await (await fetch(`${server.origin}/feed/lobby/poll?after=${first.id}`)).json()
    expect(page).toMatchObject({ gap: true, events: [third] })
    const log = await redisLog(redis.url)
    await until('the board is forgotten', async () => {
      expect(await log.states?.count()).toBe(0)
      return redis.command('ZCARD', 'fourwire:states') === '0'
    })
    await log.close()
  })
})
