/** Who is here, for all transports: browser side and server side together, over real connections. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TransportName } from '../../server/protocol.ts'
import { transports } from '../../web/transports/index.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { connect } from './client.ts'
import type { Client } from './client.ts'
import { cutAfter } from './cutter.ts'

const NAMES = Object.keys(transports) as TransportName[]

const ada = { userId: 'ada', name: 'Ada', client: 'tab-1' }
const adaToo = { ...ada, client: 'tab-2' }
const grace = { userId: 'grace', name: 'Grace', client: 'tab-1' }

/** So that tests need not wait for the usual times, which are longer than any reconnect. */
const QUICK = { goneMs: 400, typingMs: 400 }

/** Of a process of its own. */
const STARTING_MS = 30_000

const sees = (client: Client, ...people: string[]) =>
  until(`${people.join(' and ')} are here`, () => client.here()?.toSorted().join() === people.join())

/** What was told since Ada first was here, she was. */
const neverWithoutAda = ({ presences }: Client) => {
  const first = presences.findIndex(({ here }) => here.some(({ userId }) => userId === 'ada'))
  expect(first).toBeGreaterThan(-1)
  for (const { here } of presences.slice(first)) expect(here.map(({ userId }) => userId)).toContain('ada')
}

describe.each(NAMES)('presence over %s', (name) => {
  test('tells all who is here, whoever came first', async () => {
    await using server = await serve()
    using first = connect(name, server.origin, { person: ada })
    await sees(first, 'Ada 1')
    using second = connect(name, server.origin, { person: grace })
    await sees(second, 'Ada 1', 'Grace 1')
    await sees(first, 'Ada 1', 'Grace 1')
    expect(second.presences.at(-1)).toEqual(first.presences.at(-1))
    expect(first.presences.at(-1)).toMatchObject({ type: 'presence', room: 'lobby', people: 2, typing: [] })
  })

  test('takes names as they are, whatever is in them', async () => {
    await using server = await serve()
    const person = { userId: '\u00e5&=#?%/ \u{1F600}', name: 'A\r\nB\u0000"</script>', client: 'x' }
    using client = connect(name, server.origin, { person })
    await until('it is told', () => client.presences.some(({ people }) => people === 1))
    expect(client.presences.at(-1)?.here).toEqual([{ userId: person.userId, name: person.name, tabs: 1 }])
  })

  test('counts two tabs as one person, and one of them closing is no leaving', async () => {
    await using server = await serve()
    using watcher = connect(name, server.origin, { person: grace })
    using first = connect(name, server.origin, { person: ada })
    using second = connect(name, server.origin, { person: adaToo })
    await sees(watcher, 'Ada 2', 'Grace 1')
    first.leave()
    await sees(watcher, 'Ada 1', 'Grace 1')
    neverWithoutAda(watcher)
    // Long before the time is over after which those without a word are gone.
    second.leave()
    await sees(watcher, 'Grace 1')
  })

  test('lets one who is killed age out', async () => {
    await using server = await serve({ times: QUICK })
    using watcher = connect(name, server.origin, { person: grace })
    const child = spawn(process.execPath, [join(import.meta.dirname, 'stayer.ts'), name, server.origin, 'Ada'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await until('Ada is here', () => watcher.here()?.includes('Ada 1'), STARTING_MS)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await until('Ada is gone', () => watcher.here()?.some((one) => one.startsWith('Ada')) === false)
  })

  test('leaves nothing behind in the process of one who was here', async () => {
    await using server = await serve()
    await server.publish('1')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'leaver.ts'), name, server.origin, 'Ada'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })

  test('takes a cut for no leaving', async () => {
    await using server = await serve()
    using watcher = connect(name, server.origin, { person: grace })
    await using cutter = await cutAfter(900, 'RST', server.port)
    using client = connect(name, cutter.origin, { person: ada })
    await until('it is cut', async () => {
      await server.publish('x'.repeat(300))
      return cutter.cuts > 0
    })
    await until('it is back', () => client.states.findLast(({ is }) => is !== 'connecting')?.is !== 'reconnecting')
    const { id } = await server.publish('after')
    await until('it goes on', () => client.events.at(-1)?.id === id)
    await sees(watcher, 'Ada 1', 'Grace 1')
    neverWithoutAda(watcher)
  })

  test.each(NAMES.filter((other) => other !== name))('takes the switch to %s for no leaving', async (other) => {
    await using server = await serve()
    using watcher = connect(name, server.origin, { person: grace })
    const before = connect(name, server.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    before.stop()
    using after = connect(other, server.origin, { person: ada })
    await sees(after, 'Ada 1', 'Grace 1')
    after.typing()
    await until('the new one types', () => watcher.presences.at(-1)?.typing.includes('ada'))
    neverWithoutAda(watcher)
  })

  test('tells who types until it ends by itself', async () => {
    await using server = await serve({ times: { typingMs: QUICK.typingMs } })
    using watcher = connect(name, server.origin, { person: grace })
    using client = connect(name, server.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    client.typing()
    await until('Ada types', () => watcher.presences.some(({ typing }) => typing.includes('ada')))
    await until('Ada types no more', () => watcher.presences.at(-1)?.typing.length === 0)
  })

  test('tells when typing is said to be over', async () => {
    await using server = await serve({ times: { typingMs: 60_000 } })
    using watcher = connect(name, server.origin, { person: grace })
    using client = connect(name, server.origin, { person: ada })
    await sees(watcher, 'Ada 1', 'Grace 1')
    client.typing()
    await until('Ada types', () => watcher.presences.at(-1)?.typing.includes('ada'))
    client.typing(false)
    await until('Ada types no more', () => watcher.presences.at(-1)?.typing.length === 0)
  })

  test('comes back by itself after a restart of the server', async () => {
    const first = await serve()
    using one = connect(name, first.origin, { person: ada })
    using two = connect(name, first.origin, { person: grace })
    await sees(one, 'Ada 1', 'Grace 1')
    const { version } = one.presences.at(-1) ?? {}
    await first.close()
    await using second = await serve({ port: first.port })
    for (const client of [one, two])
      await until('both are back', () => {
        const last = client.presences.at(-1)
        return last?.people === 2 && last.version !== version
      })
    expect(second.port).toBe(first.port)
  })

  test('moves nobody in the feed', async () => {
    await using server = await serve()
    using client = connect(name, server.origin, { person: ada })
    for (let i = 0; i < 10; i++) {
      await server.publish(String(i))
      using other = connect(name, server.origin, { person: { ...grace, userId: `u${i}`, client: `c${i}` } })
      await until('the other is here', () => other.presences.length > 0)
      other.leave()
    }
    await until('all have come', () => client.events.length >= 10)
    expect(client.texts()).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
    expect(client.gaps).toEqual([])
  })

  test('neither counts nor tells whoever names nobody', async () => {
    await using server = await serve()
    using unnamed = connect(name, server.origin)
    await server.publish('1')
    await until('one has come', () => unnamed.events.length === 1)
    using watcher = connect(name, server.origin, { person: grace })
    await sees(watcher, 'Grace 1')
    await server.publish('2')
    await until('another has come', () => unnamed.events.length === 2)
    expect(unnamed.presences).toEqual([])
  })
})
