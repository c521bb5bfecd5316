/** Presence of processes that share a real Redis: faults, versions, names and limits. */
import { describe, expect, test } from 'vitest'
import type { PollAnswer, RoomPresence } from '../../../server/protocol/feed.ts'
import { connect } from '../../conformance/client.ts'
import { balance } from '../../balancer.ts'
import type { Balancer } from '../../balancer.ts'
import { HAS_REDIS } from '../../redis.ts'
import { redisPair } from '../../redis-pair.ts'
import type { PairServer, RedisPair } from '../../redis-pair.ts'
import { until } from '../../until.ts'

const person = (userId: string, client = 'tab') => ({ userId, name: userId, client })

type Origin = Pick<PairServer, 'origin'>

const stateAt = async ({ origin }: Origin): Promise<RoomPresence> =>
  (await fetch(`${origin}/feed/lobby/presence`)).json()

const listAt = async (server: Origin): Promise<string> =>
  (await stateAt(server)).here.map(({ name, tabs }) => `${name} ${tabs}`).join()

/** Waits until both servers have this list. */
const bothList = ({ one, other }: RedisPair, list: string) =>
  until(`both list ${list}`, async () => (await listAt(one)) === list && (await listAt(other)) === list)

/** Sends one short poll. */
async function poll({ origin }: Origin, userId: string, name = userId, client = 'tab'): Promise<void> {
  await (await fetch(`${origin}/feed/lobby/poll?user=${userId}&name=${name}&client=${client}`)).arrayBuffer()
}

/** Sends a long poll that is not held. A server with a reader at this cursor needs no Redis for it. */
async function enter({ origin }: Origin, userId: string, cursor: string): Promise<void> {
  const query = `after=${cursor}&wait=0&user=${userId}&name=${userId}&client=tab`
  await (await fetch(`${origin}/feed/lobby/long-poll?${query}`)).arrayBuffer()
}

const post = ({ origin }: Origin, what: 'leave' | 'typing', user: string, client = 'tab') =>
  fetch(`${origin}/feed/lobby/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, client }),
  })

/** Cuts a server off from Redis until `isRefusing` is false again. */
function cutOff(link: Balancer): void {
  link.isRefusing = true
  link.cut()
}

/** Sends long polls to the servers in turn for `forMs`, each with the version of the answer before. */
async function hoppingPolls(servers: readonly Origin[], cursor: string, forMs: number) {
  const versions: string[] = []
  const endMs = performance.now() + forMs
  let polls = 0
  let version = ''
  for (; performance.now() < endMs; polls++) {
    const { origin } = servers[polls % servers.length] ?? { origin: '' }
    const presence = version === '' ? '' : `&presence=${version}`
    const url = `${origin}/feed/lobby/long-poll?after=${cursor}&wait=${forMs / 2000}&user=hopper&client=tab${presence}`
    const response = await fetch(url)
    if (response.status === 204) continue
    expect(response.status).toBe(200)
    const answer: PollAnswer = await response.json()
    version = answer.presence?.version ?? version
    versions.push(version)
  }
  return { polls, versions }
}

describe.skipIf(!HAS_REDIS)('presence of two processes', { concurrent: true }, () => {
  test('long polls that hop between processes are held, also with a version of the other process', async () => {
    await using pair = await redisPair()
    const { id } = await pair.one.publish('1')
    for (const server of [pair.one, pair.other]) await poll(server, 'hopper')
    await bothList(pair, 'hopper 1')
    const { polls, versions } = await hoppingPolls([pair.one, pair.other], id, 2000)
    expect(versions).toHaveLength(1)
    expect(polls).toBeLessThan(6)
  })

  test('while lists differ because Redis is away, hopping long polls get two states a second and no more', async () => {
    await using pair = await redisPair()
    using readers = new DisposableStack()
    for (const { origin } of [pair.one, pair.other]) readers.use(connect('sse', origin))
    const { id } = await pair.one.publish('1')
    for (const server of [pair.one, pair.other]) await poll(server, 'hopper')
    await poll(pair.one, 'earlier')
    await bothList(pair, 'hopper 1,earlier 1')
    cutOff(pair.link)
    // One process goes back to a list that it had before, and the other one continues.
    await post(pair.one, 'leave', 'earlier')
    await enter(pair.one, 'first', id)
    await enter(pair.other, 'second', id)
    await until('one process knows the first', async () => (await listAt(pair.one)) === 'hopper 1,first 1')
    await until('one knows the second', async () => (await listAt(pair.other)) === 'hopper 1,earlier 1,second 1')
    const { polls, versions } = await hoppingPolls([pair.one, pair.other], id, 3000)
    expect(new Set(versions).size).toBeGreaterThan(1)
    expect(polls).toBeLessThan(10)
    pair.link.isRefusing = false
    await bothList(pair, 'hopper 1,first 1,second 1')
  })

  test('each process keeps its list while Redis is away, and the lists are equal afterwards', async () => {
    await using pair = await redisPair()
    using ada = connect('ws', pair.one.origin, { person: person('ada') })
    await bothList(pair, 'ada 1')
    using ben = connect('sse', pair.other.origin, { person: person('ben') })
    await bothList(pair, 'ada 1,ben 1')
    const { id } = await pair.one.publish('1')
    await until('both clients have the event', () => [ada, ben].every(({ events }) => events.length === 1))
    cutOff(pair.link)
    ada.leave()
    await enter(pair.one, 'cleo', id)
    await enter(pair.other, 'dan', id)
    await until('one process knows cleo', async () => (await listAt(pair.one)) === 'ben 1,cleo 1')
    await until('one process knows dan', async () => (await listAt(pair.other)) === 'ada 1,ben 1,dan 1')
    pair.link.isRefusing = false
    await bothList(pair, 'ben 1,cleo 1,dan 1')
    await until('the client has the list', () => ben.here()?.join() === 'ben 1,cleo 1,dan 1')
    await pair.redis.restart()
    await until('a later person is known everywhere', async () => {
      await poll(pair.one, 'ed')
      return (await listAt(pair.other)) === 'ben 1,cleo 1,dan 1,ed 1'
    })
  })

  test('a goodbye removes a client from every process that it has left', async () => {
    await using pair = await redisPair()
    for (const server of [pair.one, pair.other, pair.one]) await poll(server, 'ada')
    await poll(pair.other, 'ben')
    await bothList(pair, 'ada 1,ben 1')
    await post(pair.one, 'leave', 'ada')
    await bothList(pair, 'ben 1')
    await post(pair.one, 'leave', 'ben')
    await bothList(pair, '')
  })

  test('a client at another process leaves when its last connection closes, and not before', async () => {
    await using pair = await redisPair()
    using watcher = connect('ws', pair.one.origin, { person: person('watcher') })
    using ada = connect('sse', pair.other.origin, { person: person('ada') })
    await bothList(pair, 'watcher 1,ada 1')
    await post(pair.one, 'leave', 'ada')
    await poll(pair.one, 'ben')
    await bothList(pair, 'watcher 1,ada 1,ben 1')
    ada.stop()
    await bothList(pair, 'watcher 1,ben 1')
    expect(watcher.here()).toBeDefined()
  })

  test('people of a killed process stay for a time, and a goodbye at another process removes them', async () => {
    await using pair = await redisPair({ times: { goneMs: 2000 } })
    for (const name of ['ada', 'ben']) await poll(pair.other, name)
    await bothList(pair, 'ada 1,ben 1')
    const { own } = pair.other.peers
    await pair.other.kill()
    await until('the process is gone', () => !pair.one.peers.others().includes(own))
    expect(await listAt(pair.one)).toBe('ada 1,ben 1')
    await post(pair.one, 'leave', 'ada')
    await until('ada has left', async () => (await listAt(pair.one)) === 'ben 1')
    await until('ben has left', async () => (await listAt(pair.one)) === '')
  })

  test('a client stays present when its process is killed and it comes back at another one', async () => {
    await using pair = await redisPair({ times: { goneMs: 6000 } })
    await using balancer = await balance(pair.other.port, pair.one.port)
    using watcher = connect('ws', pair.one.origin, { person: person('watcher') })
    using ada = connect('sse', balancer.origin, { person: person('ada') })
    await poll(pair.other, 'ben')
    await until('the watcher sees all', () => watcher.here()?.toSorted().join() === 'ada 1,ben 1,watcher 1')
    const seen = watcher.presences.length
    await pair.other.kill()
    await until('ben has left', () => watcher.here()?.toSorted().join() === 'ada 1,watcher 1', 20_000)
    for (const { here } of watcher.presences.slice(seen)) expect(here.map(({ name }) => name)).toContain('ada')
    await until('ada has the list', () => ada.here()?.toSorted().join() === 'ada 1,watcher 1')
  })

  test('a new name applies everywhere, no matter which process gets it', async () => {
    await using pair = await redisPair()
    await poll(pair.one, 'ada', 'Ada', 'a')
    await poll(pair.other, 'ada', 'Ada', 'b')
    await bothList(pair, 'Ada 2')
    await poll(pair.other, 'ada', 'Countess', 'b')
    await bothList(pair, 'Countess 2')
    await poll(pair.one, 'ada', 'Lovelace', 'b')
    await bothList(pair, 'Lovelace 2')
    await poll(pair.other, 'ada', 'Countess', 'b')
    await bothList(pair, 'Countess 2')
  })

  test('the limit of present clients holds for all processes together', async () => {
    await using pair = await redisPair({ limits: { present: 3 } })
    using clients = new DisposableStack()
    const enter = (server: Origin, name: string) =>
      clients.use(connect('stream', server.origin, { person: person(name) }))
    enter(pair.one, 'a')
    enter(pair.one, 'b')
    await until('both know them', async () => (await stateAt(pair.other)).people === 2)
    enter(pair.other, 'c')
    for (const server of [pair.one, pair.other])
      await until('both know three', async () => (await stateAt(server)).people === 3)
    for (const server of [pair.one, pair.other]) {
      const further = enter(server, 'd')
      await until('the further client has the list', () => further.presences.length > 0)
    }
    // The next state has everybody who is present.
    await post(pair.one, 'typing', 'a')
    for (const server of [pair.one, pair.other]) {
      const { here } = await until('a types', async () => {
        const state = await stateAt(server)
        return state.typing.includes('a') ? state : null
      })
      expect(here.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c'])
    }
  })

  test('processes that know the same people list them in the same order, also if both get them at the same time', async () => {
    await using pair = await redisPair()
    const names = Array.from({ length: 40 }, (_, i) => `u${i}`)
    await Promise.all(names.map((name, i) => poll(i % 3 === 0 ? pair.one : pair.other, name)))
    await Promise.all(names.map((name, i) => poll(i % 2 === 0 ? pair.one : pair.other, name)))
    await until('both processes have the same version', async () => {
      const [mine, theirs] = await Promise.all([stateAt(pair.one), stateAt(pair.other)])
      expect([mine.here.length, theirs.here.length].every((count) => count <= 40)).toBe(true)
      return mine.people === 40 && mine.version.split('.')[0] === theirs.version.split('.')[0]
    })
  })
})
