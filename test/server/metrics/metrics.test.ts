import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect as dial } from 'node:net'
import { expect, test, vi } from 'vitest'
import { LogUnavailable } from '../../../server/feed/log.ts'
import type { Log } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import type { TransportName } from '../../../server/protocol/feed.ts'
import { transports } from '../../../server/transports/index.ts'
import { connect, isUp } from '../../conformance/client.ts'
import { get, post, raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { routesOf } from '../transports/routes.ts'

const NAMES = Object.keys(transports) as TransportName[]

type Samples = ReadonlyMap<string, number>

async function scrape(origin: string): Promise<Samples> {
  return samplesOf(await (await fetch(`${origin}/metrics`)).text())
}

/** Parses the text format, and throws for any other text. */
function samplesOf(text: string): Samples {
  const samples = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    if (line === '' || /^# (?:HELP|TYPE) [a-z_]+ ./.test(line)) continue
    const [, series, value] = /^([a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) (\S+)$/.exec(line) ?? []
    if (series === undefined || samples.has(series)) throw new Error(`No sample, or a second one: ${line}`)
    samples.set(series, Number(value))
  }
  return samples
}

test('each transport has metrics of its clients, its deliveries and their delay', async () => {
  await using server = await serve()
  const clients = NAMES.map((name) => connect(name, server.origin))
  await until('all clients are connected', () => clients.every(isUp))
  const held = NAMES.filter((name) => name === 'long-poll' || transports[name].kind !== 'poll')
  await until('/metrics counts the held clients', async () => {
    const samples = await scrape(server.origin)
    return held.every((transport) => samples.get(`fourwire_clients{transport="${transport}"}`) === 1)
  })
  for (const text of ['1', '2', '3']) await server.publish(text)
  await until('every client has three events', () => clients.every((client) => client.events.length === 3))

  const samples = await scrape(server.origin)
  for (const transport of NAMES) {
    const label = `{transport="${transport}"}`
    expect([transport, samples.get(`fourwire_deliveries_total${label}`)]).toEqual([transport, 3])
    expect(samples.get(`fourwire_delivery_delay_seconds_count${label}`)).toBe(3)
    expect(samples.get(`fourwire_delivery_delay_seconds_bucket{le="+Inf",transport="${transport}"}`)).toBe(3)
    expect(samples.get(`fourwire_delivery_delay_seconds_sum${label}`)).toBeGreaterThan(0)
  }
  expect(samples.get('fourwire_publishes_total{result="accepted"}')).toBe(3)

  for (const client of clients) client.stop()
  await until('/metrics counts no client', async () => {
    const samples = await scrape(server.origin)
    return NAMES.every((transport) => samples.get(`fourwire_clients{transport="${transport}"}`) === 0)
  })
})

test('each event of a burst counts once for each client that receives it', async () => {
  await using server = await serve()
  await server.publish('kept')
  const paths = [...routesOf('stream'), ...routesOf('stream').map((path) => `${path}?after=0`)]
  const clients = paths.flatMap((path) => Array.from({ length: 5 }, () => raw(server.port, get(path))))
  await until('the clients follow the room', async () =>
    [...(await scrape(server.origin))].every(([name, value]) => !/clients.*(?:sse|stream)/.test(name) || value === 10),
  )
  await using publisher = raw(
    server.port,
    Array.from({ length: 16 }, (_, i) => post('lobby', { user: 'Ada', text: `burst ${i}` })).join(''),
  )
  const received = () => clients.flatMap((client) => client.text().match(/"text":"/g) ?? []).length
  await until('all clients have all events', () => received() === 20 * 16 + 10)
  const samples = await scrape(server.origin)
  for (const transport of ['sse', 'stream']) {
    expect(samples.get(`fourwire_deliveries_total{transport="${transport}"}`)).toBe(10 * 16 + 5)
    expect(samples.get(`fourwire_delivery_delay_seconds_count{transport="${transport}"}`)).toBe(10 * 16)
  }
  await Promise.all([publisher, ...clients].map((client) => client.close()))
})

test('earlier events that a stream requests count as deliveries, but their age does not count as a delay', async () => {
  await using server = await serve()
  await server.publish('old')
  const response = await fetch(`${server.origin}/feed/lobby/sse?after=0`)
  const reader = response.body?.getReader()
  for (let text = ''; !text.includes('old');) text += Buffer.from((await reader?.read())?.value ?? []).toString()
  const samples = await scrape(server.origin)
  expect(samples.get('fourwire_deliveries_total{transport="sse"}')).toBe(1)
  expect(samples.get('fourwire_delivery_delay_seconds_count{transport="sse"}')).toBeUndefined()
  await reader?.cancel()
})

test('each gap that a client gets increases the counter of gaps', async () => {
  await using server = await serve()
  await (await fetch(`${server.origin}/feed/lobby/poll?after=other.7`)).text()
  expect((await scrape(server.origin)).get('fourwire_gaps_total{transport="short-poll"}')).toBe(1)
})

test('a stream that ends because the server cannot read the log counts as a drop, with the reason', async () => {
  const kept = memoryLog()
  await kept.append('lobby', { type: 'message', user: 'Ada', text: '1' })
  await using server = await serve({ log: { ...kept, read: () => Promise.reject(new Error('The disk is gone.')) } })
  await fetch(`${server.origin}/feed/lobby/sse?after=0`)
    .then((response) => response.text())
    .catch(String)
  const samples = await scrape(server.origin)
  expect(samples.get('fourwire_drops_total{transport="sse",reason="delivering failed"}')).toBe(1)
  expect(samples.get('fourwire_clients{transport="sse"}')).toBe(0)
})

test('a WebSocket that is closed because it does not answer a ping counts as a drop, with the reason', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  try {
    await using server = await serve()
    const socket = dial(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(
      'GET /feed/lobby/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await once(socket, 'data')
    const dropped = 'fourwire_drops_total{transport="ws",reason="ping unanswered"}'
    vi.advanceTimersByTime(15_000)
    expect((await scrape(server.origin)).get(dropped)).toBeUndefined()
    vi.advanceTimersByTime(15_000)
    await once(socket.resume(), 'close')
    expect((await scrape(server.origin)).get(dropped)).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})

test('while the log refuses writes, /metrics and /health report it', async () => {
  const kept = memoryLog()
  let isFull = true
  const log: Log = {
    ...kept,
    append: (...args) =>
      isFull
        ? Promise.reject(
            new LogUnavailable('The event log cannot be written: the disk is full; free some space on it.'),
          )
        : kept.append(...args),
  }
  await using server = await serve({ log })
  await expect(server.publish('1')).rejects.toThrow('log-unavailable')
  expect((await scrape(server.origin)).get('fourwire_log_takes_writes')).toBe(0)
  expect((await scrape(server.origin)).get('fourwire_publishes_total{result="refused"}')).toBe(1)
  const health = async () => (await fetch(`${server.origin}/health`)).json()
  expect(await health()).toMatchObject({
    status: 'degraded',
    log: 'The event log cannot be written: the disk is full; free some space on it.',
  })
  isFull = false
  await server.publish('2')
  expect((await scrape(server.origin)).get('fourwire_log_takes_writes')).toBe(1)
  expect(await health()).toMatchObject({ status: 'ok', log: 'ok' })
})

test('/metrics reports a stall of the event loop, and a later reading no longer contains it', async () => {
  await using server = await serve()
  const most = 'fourwire_event_loop_delay_seconds{of="max"}'
  await until('/metrics shows a stall of more than 0.1 s', async () => {
    await stall(200)
    return ((await scrape(server.origin)).get(most) ?? 0) > 0.1
  })
  await until('/metrics no longer shows the stall', async () => ((await scrape(server.origin)).get(most) ?? 1) < 0.1)
})

/** Stalls the event loop from a timer, so that it happens between two runs of the measuring timer. */
const stall = (ms: number): Promise<void> =>
  new Promise((resolve) =>
    setTimeout(() => {
      const began = performance.now()
      while (performance.now() - began < ms);
      resolve()
    }, 20),
  )

test('the metrics contain no text, name, room or address, and only the instructor can read them', async () => {
  await using server = await serve()
  await fetch(`${server.origin}/feed/hidden-room`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Grace', text: 'a secret' }),
  })
  await (await fetch(`${server.origin}/feed/hidden-room/poll?after=0&lane=hidden.1`)).text()
  const text = await (await fetch(`${server.origin}/metrics`)).text()
  expect(text).toContain('fourwire_deliveries_total{transport="short-poll"} 1')
  expect(text).not.toMatch(/hidden|Grace|secret|127\.0\.0\.1/)

  await using other = await serve({ isShared: true })
  expect(await (await fetch(`${other.origin}/metrics`)).json()).toMatchObject({ status: 403, code: 'not-instructor' })
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

test.skipIf(!hasPromtool)('promtool accepts the metrics (skipped if promtool is not installed)', async () => {
  await using server = await serve()
  await server.publish('1')
  await (await fetch(`${server.origin}/feed/lobby/poll?after=0`)).text()
  const input = await (await fetch(`${server.origin}/metrics`)).text()
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 })
})
