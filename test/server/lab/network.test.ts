/** Changes of conditions and faults while all four transports are in use. */
import { once } from 'node:events'
import { connect as dial } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { TransportName } from '../../../server/protocol/feed.ts'
import type { Conditions, Cut, LabMessage } from '../../../server/protocol/lab.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import { transports } from '../../../web/transports/index.ts'
import { connect, isUp } from '../../conformance/client.ts'
import type { FeedClient } from '../../conformance/client.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const NAMES = Object.keys(transports) as TransportName[]

const ONE_EACH = (origin: string) => NAMES.map((name) => connect(name, origin))

const losses = (client: FeedClient) => client.states.filter(({ is }) => is === 'reconnecting').length

const bad: Partial<Conditions> = { latencyMs: 30, jitterMs: 20, lossRate: 0.01, bandwidthBytesPerSecond: 100_000 }

const clients: FeedClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.stop()
})

/** Opens a page in another room, so that its ticks do not reach these clients. */
async function enter(origin: string) {
  const page = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=desk`)
  const messages: LabMessage[] = []
  page.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(page, 'open')
  return { page, messages, say: (message: unknown) => page.send(JSON.stringify(message)) }
}

test('a change of conditions affects the open connections of every transport, and each client gets every event once', async () => {
  await using server = await serve()
  clients.push(...ONE_EACH(server.origin))
  const published: string[] = []
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const text = String(published.length + 1)
      await server.publish(text)
      published.push(text)
    }
  }
  await until('all clients are connected', () => clients.every(isUp))
  for (const conditions of [bad, NEUTRAL, { latencyMs: 5 }, { ...NEUTRAL, jitterMs: 40 }]) {
    const publishing = publish(40)
    await server.set({ conditions })
    await publishing
  }
  await until('every client has all events', () => clients.every(({ events }) => events.length >= published.length))
  for (const client of clients) {
    expect(client.texts()).toEqual(published)
    expect(client.gaps).toEqual([])
  }
})

test('a held poll, a stream and a WebSocket reconnect under the new conditions', async () => {
  await using server = await serve()
  clients.push(...ONE_EACH(server.origin))
  await server.publish('before')
  await until('every client has the event', () => clients.every(({ events }) => events.length === 1))
  await server.set({ conditions: { latencyMs: 100 } })
  // The streams reconnect after the goodbye; a poll simply asks again.
  await until('the server has four connections again', async () => (await server.connections()) >= 4, 5000)
  await until('the streams are open', () => clients.slice(2).every((client) => client.states.at(-1)?.is === 'open'))
  const { at } = await server.publish('after')
  await until('every client has the second event', () => clients.every(({ events }) => events.length === 2))
  expect(performance.timeOrigin + performance.now() - at).toBeGreaterThan(98)
})

test('the server closes the connection of a poll that it answers during a change of conditions', async () => {
  await using server = await serve()
  const { id } = await server.publish('1')
  const held = fetch(`${server.origin}/feed/lobby/long-poll?after=${id}`)
  await until('the server has the connection of the poll', async () => (await server.connections()) > 0)
  await server.publish('elsewhere', 'there')
  await server.set({ conditions: { latencyMs: 1 } })
  const answer = await held
  expect([answer.status, answer.headers.get('connection')]).toEqual([204, 'close'])
})

test('an event stream ends together with its connection when the conditions change', async () => {
  await using server = await serve()
  const socket = dial(server.port, '127.0.0.1')
  socket.write('GET /feed/lobby/sse HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  await server.set({ conditions: { latencyMs: 1 } })
  await once(socket, 'end')
})

test('setting the same conditions again ends no connection', async () => {
  await using server = await serve({ conditions: { latencyMs: 5 } })
  clients.push(...ONE_EACH(server.origin))
  await until('all clients are connected', () =>
    clients.every((client) => client.states.some(({ is }) => is !== 'connecting')),
  )
  await server.set({ conditions: { latencyMs: 5 }, ratePerSecond: 2 })
  await server.publish('1')
  await until('every client has the event', () => clients.every(({ events }) => events.length === 1))
  expect(clients.map(losses)).toEqual(clients.map(() => 0))
})

test('the lab’s connection survives a change of conditions and a firewall, and its page gets the new settings', async () => {
  await using server = await serve()
  const { page, messages, say } = await enter(server.origin)
  await server.set({ conditions: { firewall: true } })
  await until('the lab has sent the settings', () => messages.some((message) => message.type === 'settings'))
  expect(messages.at(-1)).toMatchObject({ settings: { conditions: { ...NEUTRAL, firewall: true } } })
  const another = await enter(server.origin)
  another.page.close()
  say({ type: 'settings', settings: { conditions: { firewall: false } } })
  await until(
    'the lab has sent the settings twice',
    () => messages.filter((message) => message.type === 'settings').length === 2,
  )
  expect(page.readyState).toBe(WebSocket.OPEN)
  page.close()
})

test('no condition affects the lab’s connection, whether it was opened before or after the condition was set', async () => {
  await using server = await serve({ conditions: { latencyMs: 2000, bandwidthBytesPerSecond: 1000 } })
  const beganMs = performance.now()
  const { page, messages, say } = await enter(server.origin)
  await until('the lab has sent its welcome', () => messages.length > 0)
  const t0 = performance.now()
  say({ type: 'clock', t0 })
  await until('the lab has answered the clock message', () => messages.some((message) => message.type === 'clock'))
  expect(performance.now() - beganMs).toBeLessThan(1500)
  say({ type: 'settings', settings: { conditions: NEUTRAL } })
  await until('the lab has sent the settings', () => messages.some((message) => message.type === 'settings'))
  expect(performance.now() - beganMs).toBeLessThan(1500)
  page.close()
})

describe.each(['neutral', 'bad'] as const)('on a %s wire', (kind) => {
  const conditions = kind === 'bad' ? bad : {}

  test.each(['FIN', 'RST'] as const)('every client cut by %s reconnects and misses no event', async (how) => {
    await using server = await serve({ conditions })
    clients.push(...ONE_EACH(server.origin))
    await server.publish('1')
    await until('every client has the first event', () => clients.every(({ events }) => events.length === 1))
    await cut(server.origin, how)
    await server.publish('2')
    await until('every client has the second event', () => clients.every(({ events }) => events.length === 2))
    // A poll may have been in its pause, or the server may not have read it yet.
    for (const client of clients.slice(2)) expect(losses(client)).toBeGreaterThan(0)
    for (const client of clients) expect(client.texts()).toEqual(['1', '2'])
  })

  test('a client in a black hole gets nothing until the conditions change, and then gets every event', async () => {
    await using server = await serve({ conditions })
    let polls = 0
    server.app.server.on('request', ({ url }) => (polls += url?.includes('/long-poll?') ? 1 : 0))
    clients.push(...ONE_EACH(server.origin))
    await server.publish('1')
    await until('every client has the first event', () => clients.every(({ events }) => events.length === 1))
    const asked = () => clients[1]?.states.filter(({ is }) => is === 'asking').length
    await until('the server holds the poll', () => clients[1]?.states.at(-1)?.is === 'asking' && polls === asked())
    const { page, messages, say } = await enter(server.origin)
    await cut(server.origin, 'black hole')
    await until('the lab has reported the cut', () => messages.some(({ type }) => type === 'cut'))
    await server.publish('2')
    // A WebSocket of Node itself could reuse a connection that a poll has left.
    const witness = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws?after=0`)
    let heard = 0
    witness.on('message', () => (heard += 1))
    await until('a new client has three messages: the welcome and both events', () => heard === 3)
    witness.close()
    expect(clients.slice(1).map(({ events }) => events.length)).toEqual(clients.slice(1).map(() => 1))
    expect(clients.slice(1).map(losses)).toEqual(clients.slice(1).map(() => 0))
    // The lab's connection is used, because a request could reuse a silent connection of the poll.
    say({ type: 'settings', settings: { conditions: { latencyMs: 1 } } })
    await until('every client has the second event', () => clients.every(({ events }) => events.length === 2))
    page.close()
  })
})

test('a restart sends a goodbye, refuses connections for some time, and sets neutral conditions', async () => {
  await using server = await serve()
  await server.set({ conditions: bad, ratePerSecond: 5 })
  clients.push(...ONE_EACH(server.origin))
  await server.publish('1')
  await until('every client has the first event', () => clients.every(({ events }) => events.length === 1))
  const { page, say } = await enter(server.origin)
  say({ type: 'restart' })
  const [code] = await once(page, 'close')
  expect(code).toBe(1012)
  await expect(fetch(`${server.origin}/health`)).rejects.toThrow()
  await until('the server responds again', () =>
    fetch(`${server.origin}/health`).then(
      () => true,
      () => false,
    ),
  )
  await server.publish('2')
  await until('every client has the second event', () => clients.every(({ events }) => events.length === 2))
  for (const client of clients) expect(client.texts()).toEqual(['1', '2'])
  const again = await enter(server.origin)
  await until('the lab has sent its welcome', () => again.messages.length > 0)
  expect(again.messages[0]).toMatchObject({ settings: { ratePerSecond: 1, conditions: NEUTRAL } })
  again.page.close()
})

test.each<[string, Partial<Conditions>, Cut | null]>([
  ['on a long and lossy line', { latencyMs: 300, jitterMs: 100, lossRate: 0.1 }, null],
  ['on the narrowest line', { bandwidthBytesPerSecond: 1000 }, null],
  ['to slow readers', { slowReaderBytesPerSecond: 500 }, null],
  ['behind a proxy that holds everything', { bufferingBytes: 1_000_000, idleCutMs: 60_000 }, null],
  ['after a black hole', {}, 'black hole'],
  ['after a black hole on a long line', { latencyMs: 300 }, 'black hole'],
])('the server stops within 2 s and leaves no socket or timer %s', async (_where, conditions, fault) => {
  const server = await serve()
  clients.push(...ONE_EACH(server.origin))
  await until('all clients are connected', () => clients.every(isUp))
  await server.set({ conditions })
  await server.publish('1')
  await until('two clients have the event', () => clients.filter(({ events }) => events.length === 1).length >= 2)
  if (fault) await cut(server.origin, fault)
  const beganMs = performance.now()
  await server.close()
  // The server does not wait for silent connections; it would wait a second for a WebSocket.
  expect(performance.now() - beganMs).toBeLessThan(fault ? 900 : 2000)
  for (const client of clients) client.stop()
  const left = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap')
  await until('no socket is left', () => left().length === 0)
})

async function cut(origin: string, how: Cut): Promise<void> {
  const response = await fetch(`${origin}/lab/cut`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ how }),
  })
  expect(response.status).toBe(204)
}
