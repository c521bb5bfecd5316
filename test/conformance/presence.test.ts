/** Presence over every transport: browser side and server side together, over real connections. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { connect } from './client.ts'
import type { FeedClient } from './client.ts'
import { cutAfter } from './cutter.ts'

const NAMES = Object.keys(transports) as TransportName[]

const ada = { userId: 'ada', name: 'Ada', client: 'tab-1' }
const adaToo = { ...ada, client: 'tab-2' }
const grace = { userId: 'grace', name: 'Grace', client: 'tab-1' }

/** Short times for the tests. The usual ones are longer than any reconnect. */
const QUICK = { goneMs: 400, typingMs: 400 }

/** Runs a client in a process of its own. */
const STARTING_MS = 30_000

const sees = (client: FeedClient, ...people: string[]) =>
  until(`${people.join(' and ')} are present`, () => client.here()?.toSorted().join() === people.join())

/** Expects that Ada was in every state since her first one. */
const neverWithoutAda = ({ presences }: FeedClient) => {
  const first = presences.findIndex(({ here }) => here.some(({ userId }) => userId === 'ada'))
  expect(first).toBeGreaterThan(-1)
  for (const { here } of presences.slice(first)) expect(here.map(({ userId }) => userId)).toContain('ada')
}

describe.each(NAMES)('presence over %s', (name) => {
  test('every client gets the list of all present people, no matter who connected first', async () => {
    await using server = await serve()
    using first = connect(name, server.origin, { person: ada })
    await sees(first, 'Ada 1')
    using second = connect(name, server.origin, { person: grace })
    await sees(second, 'Ada 1', 'Grace 1')
    await sees(first, 'Ada 1', 'Grace 1')
    expect(second.presences.at(-1)).toEqual(first.presences.at(-1))
    expect(first.presences.at(-1)).toMatchObject({ type: 'presence', room: 'lobby', people: 2, typing: [] })
  })

  test('a name with any characters arrives unchanged', async () => {
    await using server = await serve()
    const person = { userId: '\u00e5&=#?%/ \u{1F600}', name: 'A\r\nB\u0000"</script>', client: 'x' }
    using client = connect(name, server.origin, { person })
    await until('the client has received a presence of one person', () =>
      client.presences.some(({ people }) => people === 1),
    )
    expect(client.presences.at(-1)?.here).toEqual([{ userId: person.userId, name: person.name, tabs: 1 }])
  })

  test('two tabs count as one person, who stays present when one tab closes', async () => {
    await using server = await serve()
    using watcher = connect(name, server.origin, { person: grace })
    using first = connect(name, server.origin, { person: ada })
    using second = connect(name, server.origin, { person: adaToo })
    await sees(watcher, 'Ada 2', 'Grace 1')
    first.leave()
    await sees(watcher, 'Ada 1', 'Grace 1')
    neverWithoutAda(watcher)
    // This is long before a disconnected client would disappear.
    second.leave()
    await sees(watcher, 'Grace 1')
  })

  test('a client whose process was killed stops being present after a time', async () => {
    await using server = await serve({ times: QUICK })
    using watcher = connect(name, server.origin, { person: grace })
    const child = spawn(process.execPath, [join(import.meta.dirname, 'stayer.ts'), name, server.origin, 'Ada'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await until('the watcher sees Ada as present', () => watcher.here()?.includes('Ada 1'), STARTING_MS)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until(
      'the watcher sees that Ada has left',
      () => watcher.here()?.some((one) => one.startsWith('Ada')) === false,
    )
  })

  test('a client that was present does not keep its process alive', async () => {
    await using server = await serve()
    await server.publish('1')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'leaver.ts'), name, server.origin, 'Ada'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })

  test('a person stays present during a cut', async () => {
    await using server = await serve()
    using watcher = connect(name, server.origin, { person: grace })
    await using cutter = await cutAfter(900, 'RST', server.port)
    using client = connect(name, cutter.origin, { person: ada })
    await until('the connection is cut', async () => {
      await server.publish('x'.repeat(300))
      return cutter.cuts > 0
    })
    await until(
      'the client has reconnected',
      () => client.states.findLast(({ is }) => is !== 'connecting')?.is !== 'reconnecting',
    )
    const { id } = await server.publish('after')
    await until('the client has received the last event', () => client.events.at(-1)?.id === id)
    await sees(watcher, 'Ada 1', 'Grace 1')
    neverWithoutAda(watcher)
  })

  test.each(NAMES.filter((other) => other !== name))('a person stays present during a switch to %s', async (other) => {
    await using server = await serve()
    using watcher = connect(name, server.origin, { person: grace })
    const before = connect(name, server.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    before.stop()
    using after = connect(other, server.origin, { person: ada })
    await sees(after, 'Ada 1', 'Grace 1')
    after.typing()
    await until('the watcher sees Ada typing over the new transport', () =>
      watcher.presences.at(-1)?.typing.includes('ada'),
    )
    neverWithoutAda(watcher)
  })

  test('a person who is typing is reported as typing until a time has passed', async () => {
    await using server = await serve({ times: { typingMs: QUICK.typingMs } })
    using watcher = connect(name, server.origin, { person: grace })
    using client = connect(name, server.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    client.typing()
    await until('the watcher sees Ada typing', () => watcher.presences.some(({ typing }) => typing.includes('ada')))
    await until('the watcher sees that nobody is typing', () => watcher.presences.at(-1)?.typing.length === 0)
  })

  test('a person who stops typing is no longer reported as typing', async () => {
    await using server = await serve({ times: { typingMs: 60_000 } })
    using watcher = connect(name, server.origin, { person: grace })
    using client = connect(name, server.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    client.typing()
    await until('the watcher sees Ada typing', () => watcher.presences.at(-1)?.typing.includes('ada'))
    client.typing(false)
    await until('the watcher sees that nobody is typing', () => watcher.presences.at(-1)?.typing.length === 0)
  })

  test('presence is complete again after a restart of the server', async () => {
    const first = await serve()
    using one = connect(name, first.origin, { person: ada })
    using two = connect(name, first.origin, { person: grace })
    await sees(one, 'Ada 1', 'Grace 1')
    await first.close()
    await using second = await serve({ port: first.port })
    await until('both people are present again', async () => {
      const { people } = await (await fetch(`${second.origin}/feed/lobby/presence`)).json()
      return people === 2
    })
    for (const client of [one, two]) await sees(client, 'Ada 1', 'Grace 1')
    expect(second.port).toBe(first.port)
  })

  test('presence messages do not change a cursor of the feed', async () => {
    await using server = await serve()
    using client = connect(name, server.origin, { person: ada })
    for (let i = 0; i < 10; i++) {
      await server.publish(String(i))
      using other = connect(name, server.origin, { person: { ...grace, userId: `u${i}`, client: `c${i}` } })
      await until('the other client has received the presence', () => other.presences.length > 0)
      other.leave()
    }
    await until('the client has received ten events', () => client.events.length >= 10)
    expect(client.texts()).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
    expect(client.gaps).toEqual([])
  })

  test('a client without a person is not counted and gets no presence', async () => {
    await using server = await serve()
    using unnamed = connect(name, server.origin)
    await server.publish('1')
    await until('the client without a person has received an event', () => unnamed.events.length === 1)
    using watcher = connect(name, server.origin, { person: grace })
    await sees(watcher, 'Grace 1')
    await server.publish('2')
    await until('the client without a person has received a second event', () => unnamed.events.length === 2)
    expect(unnamed.presences).toEqual([])
  })
})
