/** Tests of a master and its replica: the replica takes over, with or without the latest events. */
import { describe, expect, test } from 'vitest'
import { balance } from '../balancer.ts'
import type { Balancer } from '../balancer.ts'
import { KEPT, expectNoHole, expectOneGap, isBack, post, publishTo, readersOf, serverOn } from '../redis-readers.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import type { TestRedis } from '../redis.ts'
import { until } from '../until.ts'

interface Replicated extends AsyncDisposable {
  readonly master: TestRedis
  readonly replica: TestRedis
  /** The relay through which the replica reaches its master. */
  readonly copying: Balancer
  /** The address that clients use. A failover points it to another Redis. */
  readonly address: Balancer
  readonly url: string
}

/** Starts a master and a replica that has all data of the master. `flags`: settings of both. */
async function replicated(...flags: readonly string[]): Promise<Replicated> {
  await using stack = new AsyncDisposableStack()
  const master = stack.use(await testRedis('--repl-diskless-sync-delay', '0', ...flags))
  const copying = stack.use(await balance(master.url))
  const replica = stack.use(await testRedis('--repl-diskless-sync-delay', '0', ...flags, ...replicaOf(copying)))
  const address = stack.use(await balance(master.url))
  await until('the replica is connected', () => replica.command('INFO', 'replication').includes('link_status:up'))
  const owned = stack.move()
  const url = `redis://127.0.0.1:${address.port}`
  return { master, replica, copying, address, url, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const replicaOf = ({ port }: Balancer): string[] => ['--replicaof', `127.0.0.1 ${port}`]

const offsetOf = (redis: TestRedis, field: string): string =>
  new RegExp(`^${field}:(\\d+)`, 'm').exec(redis.command('INFO', 'replication'))?.[1] ?? ''

/** Resolves when the replica has everything that the master has now. */
const isCopied = ({ master, replica }: Replicated): Promise<boolean> =>
  until(
    'the replica has all data',
    () => Number(offsetOf(replica, 'slave_repl_offset')) >= Number(offsetOf(master, 'master_repl_offset')),
  )

/** Makes the replica a master, and points the clients to it. */
function failOver({ replica, address }: Replicated): void {
  replica.command('REPLICAOF', 'NO', 'ONE')
  address.pointTo(replica.url)
  address.cut()
}

describe.skipIf(!HAS_REDIS)('with two servers on one Redis that has a replica', () => {
  test('the master is killed, and its replica lacks the latest events: every client gets a gap, and the lost numbers get new ids', async () => {
    await using set = await replicated()
    await using one = await serverOn(set.url)
    await using other = await serverOn(set.url)
    using readers = await readersOf(one, other)
    await publishTo(readers, one, 5)
    await isCopied(set)
    set.copying.freeze()
    await publishTo(readers, other, 5)
    await set.master.kill()
    failOver(set)
    await isBack(one, other)
    const last = await other.publish('after the failover')
    expect(last.id).toMatch(/\.6$/)
    await expectNoHole(readers, last)
    // The ten events of before, and then the five events of the replica with new ids, and the new one.
    expectOneGap(readers, 16)
  })

  test('both masters accept events for a while: no id is used twice, and each client gets a gap when its server changes', async () => {
    await using set = await replicated()
    await using one = await serverOn(set.url)
    await using other = await serverOn(set.url)
    using readers = await readersOf(one, other)
    await publishTo(readers, one, 5)
    await isCopied(set)
    set.copying.freeze()
    set.replica.command('REPLICAOF', 'NO', 'ONE')
    await using moved = await serverOn(set.replica.url)
    for (let i = 0; i < 5; i++) await moved.publish('new master')
    await publishTo(readers, one, 5)
    failOver(set)
    await isBack(one, other)
    const last = await moved.publish('last')
    expect(last.id).toMatch(/\.11$/)
    await expectNoHole(readers, last)
    // Five events, five of the old master, and then all eleven of the new master with new ids.
    expectOneGap(readers, 21)
  })

  test('the master becomes a replica, but its connections stay: publishing fails with 503 until the address leads to the new master', async () => {
    await using set = await replicated()
    const { master, replica, address } = set
    await using one = await serverOn(set.url)
    await using other = await serverOn(set.url)
    using readers = await readersOf(one, other)
    await publishTo(readers, one, 5)
    await isCopied(set)
    replica.command('REPLICAOF', 'NO', 'ONE')
    await using back = await balance(replica.url)
    master.command('REPLICAOF', '127.0.0.1', String(back.port))
    const refused = await until('a publish is refused', async () => {
      const answer = await post(one)
      return answer.status === 503 ? answer : null
    })
    expect(refused.detail).toMatch(/replica, which cannot be written/)
    for (const { origin } of [one, other])
      await until('each server knows it', async () =>
        /it is a replica/.test((await (await fetch(`${origin}/health`)).json()).redis.commands),
      )
    address.pointTo(replica.url)
    await isBack(one, other)
    // The old master does not copy any more, so a server that still reads from it gets nothing.
    back.freeze()
    await expectNoHole(readers, await other.publish('after the failover'))
    // Five events, and then all six events of the new master with new ids.
    expectOneGap(readers, 11)
  })

  test('the old master comes back after two failovers without a restart: no lost id is used again', async () => {
    await using set = await replicated()
    const { master, replica, copying, address } = set
    await using one = await serverOn(set.url)
    using readers = await readersOf(one)
    await publishTo(readers, one, 5)
    await isCopied(set)
    copying.freeze()
    await publishTo(readers, one, 5)
    // Nobody uses the room while the replica is the master, so the room keeps its epoch there.
    const [reader] = readers
    const lost = reader?.client.events.map(({ id }) => id)
    readers[Symbol.dispose]()
    await one.close()
    failOver(set)
    await using inBetween = await serverOn(set.url)
    await inBetween.publish('x', 'another-room')
    await using back = await balance(replica.url)
    master.command('REPLICAOF', '127.0.0.1', String(back.port))
    await until('the old master has the data', () => master.command('INFO', 'replication').includes('link_status:up'))
    master.command('REPLICAOF', 'NO', 'ONE')
    address.pointTo(master.url)
    await using later = await serverOn(set.url)
    const last = await later.publish('new')
    expect(last.id).toMatch(/\.6$/)
    expect(lost).not.toContain(last.id)
  })

  test('publishing waits for a replica: without it, publishing fails with 503, and a failover loses nothing that was acknowledged', async () => {
    await using set = await replicated()
    await using one = await serverOn(set.url, KEPT, 1)
    using readers = await readersOf(one)
    const acknowledged = []
    for (let i = 0; i < 20; i++) acknowledged.push((await one.publish(`acknowledged ${i}`)).text)
    set.copying.freeze()
    expect(await post(one, 'not confirmed', 'key')).toMatchObject({
      status: 503,
      detail: expect.stringContaining('0 of 1 replicas have confirmed it within 1 s (--redis-replicas)'),
      remedy: expect.stringContaining('a failover can lose it'),
    })
    await until('the readers have it', () => readers.every(({ client }) => client.texts().at(-1) === 'not confirmed'))
    expect((await post(one, 'not confirmed', 'key')).status).toBe(503)
    set.copying.cut()
    await isCopied(set)
    expect((await post(one, 'not confirmed', 'key')).status).toBe(200)
    await one.publish('the last')
    await set.master.kill()
    failOver(set)
    await isBack(one)
    const { events } = await (await fetch(`${one.origin}/feed/lobby/poll?after=0`)).json()
    expect(events.map(({ text }: { text: string }) => text)).toEqual([...acknowledged, 'not confirmed', 'the last'])
    // The new master has no replica yet.
    expect((await post(one)).status).toBe(503)
  })

  test('Redis refuses writes without a replica: publishing fails with 503 and the reason, and reading continues', async () => {
    await using set = await replicated('--min-replicas-to-write', '1', '--min-replicas-max-lag', '1')
    // Each look finds an event that is too old. Without a replica, Redis does not let it be deleted.
    await using one = await serverOn(set.url, { events: 1000, ageMs: 500 })
    const first = await until('the replica counts', () => one.publish('1').catch(() => null))
    set.copying.freeze()
    const refused = await until('a publish is refused', async () => {
      const answer = await post(one)
      return answer.status === 503 ? answer : null
    })
    expect(refused).toMatchObject({
      detail: expect.stringContaining('too few replicas are connected (min-replicas-to-write)'),
      remedy: expect.stringContaining('Nothing was published'),
    })
    const poll = await fetch(`${one.origin}/feed/lobby/poll?after=${first.id}`)
    expect(poll.status).toBeLessThan(300)
    set.copying.cut()
    await until('publishing works again', () => one.publish('2').catch(() => null))
  })
})
