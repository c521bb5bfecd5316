/** Tests that run for every transport: browser side and server side together, over real connections. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { memoryLog } from '../../server/feed/memory-log.ts'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Conditions } from '../../server/protocol/lab.ts'
import { transports } from '../../web/transports/index.ts'
import { serve as serveWith } from '../serve.ts'
import type { ServeOptions } from '../serve.ts'
import { until } from '../until.ts'
import { connect, isUp } from './client.ts'
import { cutAfter } from './cutter.ts'

const NAMES = Object.keys(transports) as TransportName[]

const numbers = (count: number, from = 1): string[] => Array.from({ length: count }, (_, i) => String(from + i))

/** Bad lines below HTTP. The same events must arrive over each of them. */
const BAD_LINES: Record<string, Partial<Conditions>> = {
  'a line of 20 ms and jitter': { latencyMs: 20, jitterMs: 10 },
  'a narrow line': { bandwidthBytesPerSecond: 200_000 },
  'a line with losses': { lossRate: 0.02 },
}

/** Lines for this run. Bad lines are slow: `npm test` uses the kernel's sockets, and `npm run test:lines` the bad lines. */
const LINES = inject('badLines') ? BAD_LINES : { 'the kernel\u2019s own sockets': undefined }

const RUNS = NAMES.flatMap((name) => Object.entries(LINES).map(([line, conditions]) => ({ name, line, conditions })))

describe.each(RUNS)('$name over $line', ({ name, conditions }) => {
  const serve = (options?: ServeOptions) => serveWith({ ...options, ...(conditions && { conditions }) })

  test('delivers events published before, during and after connecting, each once and in order', async () => {
    await using server = await serve()
    for (const text of numbers(700)) await server.publish(text)
    using client = connect(name, server.origin)
    for (const text of numbers(50, 701)) await server.publish(text)
    await until('the client has received 750 events', () => client.events.length >= 750)
    for (const text of numbers(50, 751)) await server.publish(text)
    await until('the client has received 800 events', () => client.events.length >= 800)
    expect(client.texts()).toEqual(numbers(800))
    expect(client.gaps).toEqual([])
  })

  test('delivers only events after the given cursor', async () => {
    await using server = await serve()
    const events = [await server.publish('1'), await server.publish('2'), await server.publish('3')]
    using client = connect(name, server.origin, { after: events[1]?.id ?? '' })
    await until('the client has received an event', () => client.events.length > 0)
    expect(client.events).toEqual([events[2]])
  })

  test('delivers the events of many simultaneous publishes in order', async () => {
    await using server = await serve()
    using client = connect(name, server.origin)
    await until('the client is connected', () => isUp(client))
    const published = await Promise.all(numbers(300).map((text) => server.publish(text)))
    await until('the client has received 300 events', () => client.events.length >= 300)
    const bySeq = published.toSorted((a, b) => Number(a.id.split('.')[1]) - Number(b.id.split('.')[1]))
    expect(client.events).toEqual(bySeq)
  })

  test.each(['RST', 'FIN'] as const)('misses no event if the connection is cut (%s) at any byte', async (how) => {
    const phase = Math.floor(Math.random() * 7)
    console.log(`${name}: cuts at every byte 1 + ${phase} + 7n`)
    await using server = await serve()
    for (const text of numbers(3)) await server.publish(text)
    // The head, the replay and the first live event of every transport end before this byte.
    const cutters = await Promise.all(
      Array.from({ length: 100 }, (_, i) => cutAfter(1 + phase + 7 * i, how, server.port)),
    )
    const clients = cutters.map(({ origin }) => connect(name, origin))
    await until(
      'every client has the first three events',
      () => clients.every((client) => client.events.length >= 3),
      30_000,
    )
    for (const text of numbers(3, 4)) await server.publish(text)
    await until('every client has all six events', () => clients.every((client) => client.events.length >= 6), 30_000)
    for (const client of clients) {
      expect(client.texts()).toEqual(numbers(6))
      expect(client.gaps).toEqual([])
      client.stop()
    }
    expect(cutters.filter(({ cuts }) => cuts > 0).length).toBeGreaterThan(70)
    await Promise.all(cutters.map((cutter) => cutter[Symbol.asyncDispose]()))
  })

  test('continues from its cursor after the server has restarted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fourwire-'))
    const file = join(folder, 'feed.db')
    const first = await serve({ log: sqliteLog(file) })
    using client = connect(name, first.origin)
    for (const text of numbers(5)) await first.publish(text)
    await until('the client has received five events', () => client.events.length >= 5)
    await first.close()
    {
      await using second = await serve({ log: sqliteLog(file), port: first.port })
      for (const text of numbers(5, 6)) await second.publish(text)
      await until('the client has received ten events', () => client.events.length >= 10)
      client.stop()
    }
    expect(client.texts()).toEqual(numbers(10))
    expect(client.gaps).toEqual([])
    await rm(folder, { recursive: true })
  })

  test('reports a gap once and continues with the earliest event that the log still has', async () => {
    await using server = await serve({ log: memoryLog({ events: 5, ageMs: Infinity }) })
    const first = await server.publish('1')
    for (const text of numbers(19, 2)) await server.publish(text)
    using client = connect(name, server.origin, { after: first.id })
    await until('the client has received five events', () => client.events.length >= 5)
    await server.publish('21')
    await until('the client has received the next event', () => client.events.length >= 6)
    expect(client.texts()).toEqual(numbers(6, 16))
    expect(client.gaps).toEqual([`${first.id.split('.')[0]}.15`])
  })

  test('reports a gap in an empty room, and then delivers new events', async () => {
    await using server = await serve()
    using client = connect(name, server.origin, { after: 'another.7' })
    await until('the client has received the gap', () => client.gaps.length > 0)
    await server.publish('1')
    await until('the client has received an event', () => client.events.length > 0)
    expect(client.texts()).toEqual(['1'])
    expect(client.gaps).toHaveLength(1)
  })

  test('reports a gap if the server restarts with a new log', async () => {
    const first = await serve()
    using client = connect(name, first.origin)
    await first.publish('old')
    await until('the client has received the first event', () => client.events.length > 0)
    await first.close()
    await using second = await serve({ port: first.port })
    await second.publish('new')
    await until('the client has received the new event', () => client.events.length > 1)
    expect(client.texts()).toEqual(['old', 'new'])
    expect(client.gaps).toHaveLength(1)
  })

  test('delivers only the events of its own room', async () => {
    await using server = await serve()
    using client = connect(name, server.origin, { room: 'here' })
    await server.publish('elsewhere', 'there')
    await server.publish('here', 'here')
    await until('the client has received an event', () => client.events.length > 0)
    expect(client.texts()).toEqual(['here'])
  })

  test('publishes a message only once if it is sent twice with the same key', async () => {
    await using server = await serve()
    using client = connect(name, server.origin)
    await until('the client is connected', () => isUp(client))
    await client.publish('hello', 'key-1')
    await client.publish('hello', 'key-1')
    await client.publish('bye', 'key-2')
    await until('the client has received two events', () => client.events.length >= 2)
    expect(client.texts()).toEqual(['hello', 'bye'])
  })

  test('rejects a publish with the reason of the server if the server refuses it', async () => {
    await using server = await serve()
    using client = connect(name, server.origin)
    await until('the client is connected', () => isUp(client))
    await expect(client.publish('')).rejects.toThrow(/text/)
  })

  test('reports that there is no server, waits longer after each try, and reconnects when the server is there', async () => {
    const first = await serve()
    using client = connect(name, first.origin)
    await until('the client is connected', () => isUp(client))
    await first.close()
    const tries = () => client.states.filter((state) => state.is === 'reconnecting')
    await until('the client has tried three times to connect', () => tries().length >= 3)
    for (const { trouble } of tries()) expect(trouble).toMatch(/\w+ \w+/)
    await using second = await serve({ port: first.port })
    await second.publish('back')
    await until('the client has received the event "back"', () => client.texts().includes('back'))
  })

  test('leaves no timer or connection on the server after the client is stopped', async () => {
    await using server = await serve()
    const clients = numbers(10).map(() => connect(name, server.origin))
    await server.publish('1')
    await until('every client has the event', () => clients.every((client) => client.events.length === 1))
    for (const client of clients) client.stop()
    // Idle keep-alive connections belong to the fetch client. A held poll or an open stream is not idle.
    await until('the server has no open connection', async () => {
      server.app.server.closeIdleConnections()
      return (await server.connections()) === 0
    })
  })

  test('calls no callback after it is stopped', async () => {
    await using server = await serve()
    const client = connect(name, server.origin)
    await server.publish('1')
    await until('the client has received an event', () => client.events.length === 1)
    client.stop()
    const states = client.states.length
    using witness = connect(name, server.origin)
    await server.publish('2')
    await until('the other client has received the next event', () => witness.events.length === 2)
    expect(client.events).toHaveLength(1)
    expect(client.states).toHaveLength(states)
  })

  test('calls no callback after it is stopped inside the callback for a gap', async () => {
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
    await until('the client has received the gap', () => toldByThen !== undefined)
    using witness = connect(name, server.origin)
    await server.publish('21')
    await until('the other client has received the next event', () => witness.texts().includes('21'))
    expect(told()).toEqual(toldByThen)
    expect(client.gaps).toHaveLength(1)
  })

  test('leaves no timer, socket or listener that would keep its process alive after it is stopped', async () => {
    await using server = await serve()
    await server.publish('1')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'leaver.ts'), name, server.origin], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })
})
