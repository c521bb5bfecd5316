/** A transport that no other file of the server knows: all that the server does for the others it does for this one. */
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import type { Crossing, Lanes } from '../../../server/protocol/wire.ts'
import { transports } from '../../../server/transports/index.ts'
import { get, raw, statusOf } from '../../raw.ts'
import { serve as serveWith } from '../../serve.ts'
import type { ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'
import { listenToDrops } from './drops.ts'
import { TOY, toy } from './toy.ts'

const serve = (options: ServeOptions = {}) => serveWith({ ...options, transports: { ...transports, [TOY]: toy } })

const LANE = `a1b2c3d4.${TOY}`

const PATH = `/feed/lobby/${TOY}?after=0&lane=${LANE}`

async function laneOf(origin: string) {
  const { lanes }: Lanes = await (await fetch(`${origin}/lab/lanes`)).json()
  return lanes.find(({ lane }) => lane === LANE)
}

async function metricOf(origin: string, series: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  )
}

test('the meter counts exactly the bytes of a new transport’s socket, split into events, heartbeats and framing', async () => {
  await using server = await serve({ times: { heartbeatMs: 50 } })
  const event = await server.publish('zw\u00f6lf \u{1F600}')
  await using client = raw(server.port, get(PATH))
  await until('an event and three heartbeats have arrived', () => client.text().split('0:,').length > 3)
  // The next heartbeat may come between two readings.
  const lane = await until('the row has the bytes of the socket', async () => {
    const read = client.socket.bytesRead
    const row = await laneOf(server.origin)
    return row?.bytesDown === read && client.socket.bytesRead === read ? row : null
  })
  const payload = Buffer.byteLength(JSON.stringify(event))
  expect(lane).toMatchObject({ transport: TOY, requests: 1, connections: 1, bytesUp: get(PATH).length })
  expect(lane.split).toMatchObject({ requestHeads: get(PATH).length, payload, empty: 0, requestBodies: 0 })
  // Each in a chunk of its own: `3`, two line breaks and `0:,`.
  const heartbeats = client.text().split('3\r\n0:,\r\n').length - 1
  expect(lane.split.heartbeats).toBe(heartbeats * 8)
  expect(Object.values(lane.split).reduce((sum, bytes) => sum + bytes)).toBe(lane.bytesUp + lane.bytesDown)
})

test('a page gets the crossings of a new transport, and can inspect the exact bytes of its exchange', async () => {
  await using server = await serve()
  const page = new WebSocket(`${server.origin.replace('http', 'ws')}/lab?room=elsewhere&page=a1b2c3d4`)
  const messages: LabMessage[] = []
  page.on('message', (data) => messages.push(JSON.parse(String(data))))
  await until('the page has received its welcome', () => messages.length > 0)
  await using client = raw(server.port, get(PATH))
  await until('the head of the response has arrived', () => client.text().includes('\r\n\r\n'))
  const { id } = await server.publish('1')
  const crossings = (): readonly Crossing[] =>
    messages.flatMap((message) => (message.type === 'wire' ? message.crossings : []))
  const event = await until('the crossing of the event is reported', () => crossings().find(({ is }) => is === 'event'))
  expect(crossings().map(({ is }) => is)).toEqual(['request', 'head', 'event'])
  expect(event).toMatchObject({ lane: LANE, id, up: false })
  page.send(JSON.stringify({ type: 'inspect', exchange: event.exchange }))
  const inspected = await until('the page has received the exchange', () =>
    messages.find(({ type }) => type === 'inspected'),
  )
  const found = inspected.type === 'inspected' ? inspected.found : null
  expect(found).toMatchObject({ lane: LANE, transport: TOY })
  const down = found?.parts.map((part) => {
    if (part.up) return ''
    return part.is === 'chunk' ? `${part.size}\r\n${part.text}\r\n` : 'text' in part ? part.text : ''
  })
  expect(down?.join('')).toBe(client.text())
  page.terminate()
})

test('the route /metrics lists a new transport from the start, and counts its clients and deliveries', async () => {
  await using server = await serve()
  const clients = `fourwire_clients{transport="${TOY}"}`
  const deliveries = `fourwire_deliveries_total{transport="${TOY}"}`
  expect([await metricOf(server.origin, clients), await metricOf(server.origin, deliveries)]).toEqual([0, 0])
  await using client = raw(server.port, get(PATH))
  await until('/metrics counts the client', async () => (await metricOf(server.origin, clients)) === 1)
  await server.publish('1')
  await until('/metrics counts the delivery', async () => (await metricOf(server.origin, deliveries)) === 1)
  await client.close()
  await until('/metrics no longer counts the client', async () => (await metricOf(server.origin, clients)) === 0)
})

test('the document /openapi.json describes the route of a new transport', async () => {
  await using server = await serve()
  const { info, paths } = await (await fetch(`${server.origin}/openapi.json`)).json()
  expect(info.description).toBe(`One chat feed by ${Object.keys(transports).length + 1} transports`)
  expect(paths[`/feed/{room}/${TOY}`].get.summary).toBe('Netstrings: a response that never ends')
})

test('a client of a new transport that reads nothing is dropped, /metrics counts the drop, and the page gets the reason', async () => {
  await using server = await serve({ times: { stalledMs: 250 }, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  await using client = raw(server.port, get(PATH), false)
  await until('the server has two connections', async () => (await server.connections()) === 2)
  const ask = { method: 'POST', url: '/feed/lobby', headers: { host: 'localhost' } } as const
  for (let i = 0; i < 1600; i++) await server.app.inject({ ...ask, payload: { user: 'Ada', text: 'x'.repeat(4000) } })
  const reason = 'too slow: no byte read for 0.25 s'
  await until('the client is dropped', () => page.drops.length > 0)
  expect(page.drops).toMatchObject([{ lane: LANE, reason }])
  expect(await metricOf(server.origin, `fourwire_drops_total{transport="${TOY}",reason="${reason}"}`)).toBe(1)
  client.socket.resume()
  await client.closed()
})

test('network conditions affect a new transport: latency delays it, a buffering proxy holds it, a cut ends it', async () => {
  await using server = await serve({ conditions: { latencyMs: 60 } })
  await using delayed = raw(server.port, get(PATH))
  await until('the head of the response has arrived', () => delayed.text().includes('\r\n\r\n'))
  const { at } = await server.publish('1')
  await until('the event has arrived', () => delayed.text().includes('"at":'))
  expect(performance.timeOrigin + performance.now() - at).toBeGreaterThan(59)

  await server.set({ conditions: { latencyMs: 0, bufferingBytes: 8192 } })
  expect(await delayed.closed()).toContain('\r\n0\r\n\r\n')
  await using held = raw(server.port, get(PATH))
  await using passed = raw(server.port, get('/feed/lobby/poll?after=0', 'Connection: close\r\n'))
  expect(await passed.closed()).toContain('"at":')
  expect(held.text()).toBe('')
  for (let i = 0; i < 3; i++) await server.publish('x'.repeat(4000))
  await until('the proxy lets the event through', () => held.text().includes('xxx'))

  await server.app.inject({
    method: 'POST',
    url: '/lab/cut',
    headers: { host: 'localhost' },
    payload: { how: 'RST' },
  })
  expect(await held.closed()).not.toContain('\r\n0\r\n\r\n')
})

test('a new transport has the same limits and errors as the other transports', async () => {
  await using server = await serve({ limits: { heldPerClient: 1 } })
  await using first = raw(server.port, get(PATH))
  await until('the head of the response has arrived', () => first.text().includes('\r\n\r\n'))
  const refused = await raw(server.port, get(PATH, 'Connection: close\r\n')).closed()
  expect([statusOf(refused), refused]).toEqual([429, expect.stringContaining('too-many-streams')])
  const mistaken = await raw(server.port, get(`/feed/lobby/${TOY}?after=x`, 'Connection: close\r\n')).closed()
  expect([statusOf(mistaken), mistaken]).toEqual([400, expect.stringContaining('bad-cursor')])
})
