/** One suite for all transports: browser side and server side together, over real connections. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { memoryLog } from '../../server/feed/memory-log.ts'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'
import type { Conditions, TransportName } from '../../server/protocol.ts'
import { transports } from '../../web/transports/index.ts'
import { serve as serveWith } from '../serve.ts'
import type { ServeOptions } from '../serve.ts'
import { until } from '../until.ts'
import { connect, isUp } from './client.ts'
import { cutAfter } from './cutter.ts'

const NAMES = Object.keys(transports) as TransportName[]

const numbers = (count: number, from = 1): string[] => Array.from({ length: count }, (_, i) => String(from + i))

/** Below HTTP the line may be as bad as it likes: what arrives is the same. */
const BAD_LINES: Record<string, Partial<Conditions>> = {
  'a line of 20 ms and jitter': { latencyMs: 20, jitterMs: 10 },
  'a narrow line': { bandwidthBytesPerSecond: 200_000 },
  'a line with losses': { lossRate: 0.02 },
}

/** Bad lines take their time: `npm test` runs over the kernel's own sockets, `npm run test:lines` over these. */
const LINES = inject('badLines') ? BAD_LINES : { 'the kernel\u2019s own sockets': undefined }

const RUNS = NAMES.flatMap((name) => Object.entries(LINES).map(([line, conditions]) => ({ name, line, conditions })))

describe.each(RUNS)('$name over $line', ({ name, conditions }) => {
  const serve = (options?: ServeOptions) => serveWith({ ...options, ...(conditions && { conditions }) })

  test('delivers what was published before, while and after it connects, once and in order', async () => {
    await using server = await serve()
    for (const text of numbers(700)) await server.publish(text)
    using client = connect(name, server.origin)
    for (const text of numbers(50, 701)) await server.publish(text)
    await until('750 have come', () => client.events.length >= 750)
    for (const text of numbers(50, 751)) await server.publish(text)
    await until('800 have come', () => client.events.length >= 800)
    expect(client.texts()).toEqual(numbers(800))
    expect(client.gaps).toEqual([])
  })

  test('begins behind the cursor that it was given', async () => {
    await using server = await serve()
    const events = [await server.publish('1'), await server.publish('2'), await server.publish('3')]
    using client = connect(name, server.origin, { after: events[1]?.id ?? '' })
    await until('one has come', () => client.events.length > 0)
    expect(client.events).toEqual([events[2]])
  })

  test('brings many publishes at once in order', async () => {
    await using server = await serve()
    using client = connect(name, server.origin)
    await until('it is up', () => isUp(client))
    const published = await Promise.all(numbers(300).map((text) => server.publish(text)))
    await until('all have come', () => client.events.length >= 300)
    const bySeq = published.toSorted((a, b) => Number(a.id.split('.')[1]) - Number(b.id.split('.')[1]))
    expect(client.events).toEqual(bySeq)
  })

  test.each(['RST', 'FIN'] as const)('survives a cut (%s) at any byte', async (how) => {
    const phase = Math.floor(Math.random() * 7)
    console.log(`${name}: cuts at every byte 1 + ${phase} + 7n`)
    await using server = await serve()
    for (const text of numbers(3)) await server.publish(text)
    // Beyond these bytes lie the head, the replay and the first live event of every transport.
    const cutters = await Promise.all(
      Array.from({ length: 100 }, (_, i) => cutAfter(1 + phase + 7 * i, how, server.port)),
    )
    const clients = cutters.map(({ origin }) => connect(name, origin))
    await until('all have what was there', () => clients.every((client) => client.events.length >= 3))
    for (const text of numbers(3, 4)) await server.publish(text)
    await until('all have the rest', () => clients.every((client) => client.events.length >= 6))
    for (const client of clients) {
      expect(client.texts()).toEqual(numbers(6))
      expect(client.gaps).toEqual([])
      client.stop()
    }
    expect(cutters.filter(({ cuts }) => cuts > 0).length).toBeGreaterThan(70)
    await Promise.all(cutters.map((cutter) => cutter[Symbol.asyncDispose]()))
  })

  test('survives a restart of the server and goes on from its cursor', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fourwire-'))
    const file = join(folder, 'feed.db')
    const first = await serve({ log: sqliteLog(file) })
    using client = connect(name, first.origin)
    for (const text of numbers(5)) await first.publish(text)
    await until('five have come', () => client.events.length >= 5)
    await first.close()
    {
      await using second = await serve({ log: sqliteLog(file), port: first.port })
      for (const text of numbers(5, 6)) await second.publish(text)
      await until('ten have come', () => client.events.length >= 10)
      client.stop()
    }
    expect(client.texts()).toEqual(numbers(10))
    expect(client.gaps).toEqual([])
    await rm(folder, { recursive: true })
  })

  test('reports a gap once and goes on from the earliest event kept', async () => {
    await using server = await serve({ log: memoryLog({ events: 5, ageMs: Infinity }) })
    const first = await server.publish('1')
    for (const text of numbers(19, 2)) await server.publish(text)
    using client = connect(name, server.origin, { after: first.id })
    await until('five have come', () => client.events.length >= 5)
    await server.publish('21')
    await until('the next has come', () => client.events.length >= 6)
    expect(client.texts()).toEqual(numbers(6, 16))
    expect(client.gaps).toEqual([`${first.id.split('.')[0]}.15`])
  })

  test('reports a gap in a room that is empty, and then brings what comes', async () => {
    await using server = await serve()
    using client = connect(name, server.origin, { after: 'another.7' })
    await until('the gap is told', () => client.gaps.length > 0)
    await server.publish('1')
    await until('one has come', () => client.events.length > 0)
    expect(client.texts()).toEqual(['1'])
    expect(client.gaps).toHaveLength(1)
  })

  test('a gap after a cut is told as well', async () => {
    const first = await serve()
    using client = connect(name, first.origin)
    await first.publish('old')
    await until('it has come', () => client.events.length > 0)
    await first.close()
    await using second = await serve({ port: first.port })
    await second.publish('new')
    await until('the new one has come', () => client.events.length > 1)
    expect(client.texts()).toEqual(['old', 'new'])
    expect(client.gaps).toHaveLength(1)
  })

  test('keeps rooms apart', async () => {
    await using server = await serve()
    using client = connect(name, server.origin, { room: 'here' })
    await server.publish('elsewhere', 'there')
    await server.publish('here', 'here')
    await until('one has come', () => client.events.length > 0)
    expect(client.texts()).toEqual(['here'])
  })

  test('publishes, and once where the key is repeated', async () => {
    await using server = await serve()
    using client = connect(name, server.origin)
    await until('it is up', () =>
      client.states.some(({ is }) => is === 'open' || is === 'pausing' || (is === 'asking' && name === 'long-poll')),
    )
    await client.publish('hello', 'key-1')
    await client.publish('hello', 'key-1')
    await client.publish('bye', 'key-2')
    await until('two have come', () => client.events.length >= 2)
    expect(client.texts()).toEqual(['hello', 'bye'])
  })

  test('rejects a publish that the server refuses, with what is wrong', async () => {
    await using server = await serve()
    using client = connect(name, server.origin)
    await until('it is up', () =>
      client.states.some(({ is }) => is === 'open' || is === 'pausing' || (is === 'asking' && name === 'long-poll')),
    )
    await expect(client.publish('')).rejects.toThrow(/text/)
  })

  test('tells of a server that is away, waits longer each time, and comes back', async () => {
    const first = await serve()
    using client = connect(name, first.origin)
    await until('it is up', () => isUp(client))
    await first.close()
    const tries = () => client.states.filter((state) => state.is === 'reconnecting')
    await until('it tried three times', () => tries().length >= 3)
    for (const { trouble } of tries()) expect(trouble).toMatch(/\w+ \w+/)
    await using second = await serve({ port: first.port })
    await second.publish('back')
    await until('it is back', () => client.texts().includes('back'))
  })

  test('leaves nothing behind on the server', async () => {
    await using server = await serve()
    const clients = numbers(10).map(() => connect(name, server.origin))
    await server.publish('1')
    await until('all have it', () => clients.every((client) => client.events.length === 1))
    for (const client of clients) client.stop()
    // Idle keep-alive connections are the fetch client's own; what is held or open is not idle.
    await until('nothing is held or open', async () => {
      server.app.server.closeIdleConnections()
      return (await server.connections()) === 0
    })
  })

  test('calls nobody any more once it is stopped', async () => {
    await using server = await serve()
    const client = connect(name, server.origin)
    await server.publish('1')
    await until('one has come', () => client.events.length === 1)
    client.stop()
    const states = client.states.length
    using witness = connect(name, server.origin)
    await server.publish('2')
    await until('another client has the next', () => witness.events.length === 2)
    expect(client.events).toHaveLength(1)
    expect(client.states).toHaveLength(states)
  })

  test('calls nobody any more where whoever is told of a gap stops it', async () => {
    await using server = await serve({ log: memoryLog({ events: 5, ageMs: Infinity }) })
    const first = await server.publish('1')
    for (const text of numbers(19, 2)) await server.publish(text)
    const told = () => [client.gaps, client.events, client.states, client.presences].map(({ length }) => length)
    let toldByThen: number[] | undefined
    const person = { userId: 'ada', name: 'Ada', client: 'tab' }
    const client = connect(name, server.origin, {
      after: first.id,
      person,
      atGap() {
        client.stop()
        toldByThen = told()
      },
    })
    await until('the gap is told', () => toldByThen !== undefined)
    using witness = connect(name, server.origin)
    await server.publish('21')
    await until('another client has the next', () => witness.texts().includes('21'))
    expect(told()).toEqual(toldByThen)
    expect(client.gaps).toHaveLength(1)
  })

  test('leaves nothing behind in its own process: no timer, socket or listener keeps it alive', async () => {
    await using server = await serve()
    await server.publish('1')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'leaver.ts'), name, server.origin], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })
})
