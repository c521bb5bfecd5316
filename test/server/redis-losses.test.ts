/** Tests of faults in which events are lost. Afterwards, every client has events without holes, or an explicit gap. */
import { describe, expect, test } from 'vitest'
import { expectNoHole, expectOneGap, isBack, publishTo, twoServers } from '../redis-readers.ts'
import { HAS_REDIS } from '../redis.ts'

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
})
