/** Presence over every transport, with clients that reach two servers on one Redis in turn. */
import { describe, expect, test } from 'vitest'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { redisPair, serverThrough } from '../redis-pair.ts'
import { balance } from '../balancer.ts'
import { HAS_REDIS } from '../redis.ts'
import { balanceRequests } from '../request-balancer.ts'
import { until } from '../until.ts'
import { connect } from './client.ts'
import type { FeedClient } from './client.ts'

const NAMES = Object.keys(transports) as TransportName[]

const ada = { userId: 'ada', name: 'Ada', client: 'tab-1' }
const adaToo = { ...ada, client: 'tab-2' }
const grace = { userId: 'grace', name: 'Grace', client: 'tab-1' }

const sees = (client: FeedClient, ...people: string[]) =>
  until(`${people.join(' and ')} are present`, () => client.here()?.toSorted().join() === people.join())

const neverWithoutAda = ({ presences }: FeedClient) => {
  const first = presences.findIndex(({ here }) => here.some(({ userId }) => userId === 'ada'))
  expect(first).toBeGreaterThan(-1)
  for (const { here } of presences.slice(first)) expect(here.map(({ userId }) => userId)).toContain('ada')
}

/** Returns the list at a server, without the version, of which the last part differs. */
async function listAt(origin: string): Promise<{ readonly digest: string; readonly here: string[] }> {
  const { version, here } = await (await fetch(`${origin}/feed/lobby/presence`)).json()
  return {
    digest: String(version).split('.')[0] ?? '',
    here: (here as { name: string; tabs: number }[]).map(({ name, tabs }) => `${name} ${tabs}`),
  }
}

describe.skipIf(!HAS_REDIS).each(NAMES)('presence of two processes over %s', { concurrent: true }, (name) => {
  test('clients of both processes get the same list in the same order', async () => {
    await using pair = await redisPair()
    using first = connect(name, pair.one.origin, { person: ada })
    await sees(first, 'Ada 1')
    using second = connect(name, pair.other.origin, { person: grace })
    for (const client of [first, second]) await sees(client, 'Ada 1', 'Grace 1')
    expect(second.presences.at(-1)?.here).toEqual(first.presences.at(-1)?.here)
    const lists = await Promise.all([pair.one, pair.other].map(({ origin }) => listAt(origin)))
    expect(lists[0]).toEqual(lists[1])
  })

  test('two tabs at two processes count as one person, who stays present when one tab closes', async () => {
    await using pair = await redisPair()
    using watcher = connect(name, pair.one.origin, { person: grace })
    using first = connect(name, pair.one.origin, { person: ada })
    using second = connect(name, pair.other.origin, { person: adaToo })
    await sees(watcher, 'Ada 2', 'Grace 1')
    first.leave()
    await sees(watcher, 'Ada 1', 'Grace 1')
    neverWithoutAda(watcher)
    second.leave()
    await sees(watcher, 'Grace 1')
  })

  test('a client that hops between processes is one tab without an interruption', async () => {
    const goneMs = 4000
    await using pair = await redisPair({ times: { goneMs } })
    await using balancer = await balanceRequests(pair.one.port, pair.other.port)
    using watchers = new DisposableStack()
    const [here, there] = [pair.one, pair.other].map(({ origin }, i) =>
      watchers.use(connect('ws', origin, { person: { ...grace, client: `tab-${i}` } })),
    )
    if (!here || !there) throw new Error('A watcher is missing.')
    using client = connect(name, balancer.origin, { person: ada })
    for (const watcher of [here, there, client]) await sees(watcher, 'Ada 1', 'Grace 2')
    const { requests } = balancer
    const [startMs, { length: states }] = [performance.now(), client.presences]
    balancer.cut()
    await until(
      'the client has reached the other process',
      () => balancer.requests > requests + 1 || client.presences.length > states,
    )
    await until('the client would be gone at the first process', () => performance.now() - startMs > goneMs + 500)
    for (const watcher of [here, there]) {
      neverWithoutAda(watcher)
      expect(watcher.here()?.toSorted()).toEqual(['Ada 1', 'Grace 2'])
    }
    client.leave()
    for (const watcher of [here, there]) await sees(watcher, 'Grace 2')
  })

  test('a person who types is reported as typing at every process, until the person stops', async () => {
    await using pair = await redisPair({ times: { typingMs: 60_000 } })
    await using balancer = await balanceRequests(pair.one.port, pair.other.port)
    using watcher = connect(name, pair.one.origin, { person: grace })
    using client = connect(name, balancer.origin, { person: ada })
    using other = connect(name, pair.other.origin, { person: { ...grace, client: 'tab-2' } })
    for (const one of [watcher, other]) await sees(one, 'Ada 1', 'Grace 2')
    client.typing()
    for (const one of [watcher, other])
      await until('the watcher sees Ada typing', () => one.presences.at(-1)?.typing.includes('ada'))
    client.typing(false)
    for (const one of [watcher, other])
      await until('the watcher sees that nobody is typing', () => one.presences.at(-1)?.typing.length === 0)
  })

  test('a process that starts later knows everybody, and a process that ends takes nobody with it at once', async () => {
    await using pair = await redisPair({ times: { goneMs: 1500 } })
    using watcher = connect(name, pair.one.origin, { person: grace })
    using client = connect(name, pair.other.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    await using link = await balance(pair.redis.url)
    await using third = await serverThrough(link)
    using late = connect(name, third.origin, { person: { ...grace, client: 'tab-2' } })
    await sees(late, 'Ada 1', 'Grace 2')
    const endedMs = performance.now()
    client.stop()
    await pair.other.close()
    await sees(watcher, 'Grace 2')
    expect(performance.now() - endedMs).toBeGreaterThan(1000)
  })
})
