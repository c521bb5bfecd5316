/** Clients that are slow, stalled or gone. The sockets and the kernel's buffers are real. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { platform } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { get, raw, rawWebSocket, upgrade } from '../../raw.ts'
import type { Raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import { listenToDrops } from './drops.ts'
import { routesOf } from './routes.ts'

const TIMES = { stalledMs: 250 }

/** More bytes than the kernel holds for a reader that has stopped. */
const MUCH_BYTES = 6 * 1024 * 1024
const TEXT = 'x'.repeat(4000)

/** Number of messages. */
const all = Math.ceil(MUCH_BYTES / TEXT.length)

const opened: Raw[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

function stalled(client: Raw): Raw {
  opened.push(client)
  return client
}

/** Returns the ids of the complete events. */
const idsIn = (text: string): string[] =>
  Array.from(text.matchAll(/"id":"(\w+\.\d+)","room":[^}]*\}/g), ([, id = '']) => id)

const last = (client: Raw): string | undefined => idsIn(client.text().slice(-2 * TEXT.length)).at(-1)

/** Publishes without a connection, because this direction is not tested here. */
async function fill(server: Served, bytes = MUCH_BYTES): Promise<void> {
  const ask = { method: 'POST', url: '/feed/lobby', headers: { host: 'localhost' } } as const
  for (let sent = 0; sent < bytes; sent += TEXT.length)
    await server.app.inject({ ...ask, payload: { user: 'Ada', text: TEXT } })
}

describe.each([...routesOf('stream'), ...routesOf('socket')])('a client of %s that reads nothing', (path) => {
  const more = routesOf('socket').includes(path) ? upgrade : get

  test('is dropped, its page gets the reason, and after a reconnect it gets every event once and in order', async () => {
    await using server = await serve({ times: TIMES, limits: false })
    using page = await listenToDrops(server.origin, 'a1b2c3d4')
    const first = stalled(raw(server.port, more(`${path}?after=0&lane=a1b2c3d4.slow`), false))
    await until('the server has two connections', async () => (await server.connections()) === 2)
    await fill(server)
    await until('the client is dropped', () => page.drops.length > 0)
    expect(page.drops).toMatchObject([
      { lane: 'a1b2c3d4.slow', reason: 'too slow: no byte read for 0.25 s', at: expect.any(Number) },
    ])
    await until('the connection of the client is closed', async () => (await server.connections()) === 1)
    first.socket.resume()
    const seen = idsIn(await first.closed())
    const second = stalled(raw(server.port, more(`${path}?after=${seen.at(-1) ?? '0'}`)))
    await until('the client has the last event', () => last(second)?.endsWith(`.${all}`))
    const ids = [...seen, ...idsIn(second.text())]
    expect(ids.map((id) => Number(id.split('.')[1]))).toEqual(Array.from({ length: all }, (_, i) => i + 1))
  })
})

test('a dropped WebSocket client that reads again in time gets a close frame with 1013 and the reason', async () => {
  await using server = await serve({ times: TIMES, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws?lane=a1b2c3d4.ws`)
  await once(socket, 'open')
  socket.pause()
  await fill(server)
  await until('the client is dropped', () => page.drops.length > 0)
  socket.resume()
  const [code, reason] = await once(socket, 'close')
  expect([code, String(reason)]).toEqual([1013, 'too slow: no byte read for 0.25 s'])
})

describe.each([
  ['a short poll', '/feed/lobby/poll?after=0'],
  ['a long poll', '/feed/lobby/long-poll?after=0'],
  ['a module of the page', '/vendor/uplot/uPlot.js'],
])('a client that does not read the answers of %s', (_what, path) => {
  test('is dropped, no matter how many requests it has sent', async () => {
    await using server = await serve({ times: TIMES, limits: false })
    await fill(server, 200_000)
    stalled(raw(server.port, get(path).repeat(400), false))
    await until('the server has the connection', async () => (await server.connections()) === 1)
    await until('the server has closed the connection', async () => (await server.connections()) === 0)
  })
})

test('the server drops a client for which too many bytes wait, even if the client still reads a few bytes', async () => {
  await using server = await serve({ times: { stalledMs: 1000, waitingBytes: 50_000 }, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  stalled(raw(server.port, get('/feed/lobby/sse?lane=a1b2c3d4.sse'), false))
  await until('the server has two connections', async () => (await server.connections()) === 2)
  await fill(server)
  await until('the client is dropped', () => page.drops.length > 0)
  expect(page.drops[0]?.reason).toBe('too slow: more than 0.05 MiB unread')
})

test('the server does not drop a client in a black hole, because neither end may notice this fault', async () => {
  await using server = await serve({ times: TIMES, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  const lost = stalled(raw(server.port, get('/feed/lobby/sse')))
  await until('the stream in the black hole is open', () => lost.text().includes('\n\n'))
  await server.app.inject({
    method: 'POST',
    url: '/lab/cut',
    headers: { host: 'localhost' },
    payload: { how: 'black hole' },
  })
  stalled(raw(server.port, get('/feed/lobby/sse?lane=a1b2c3d4.sse'), false))
  await until('the stalled client is connected', async () => (await server.connections()) === 3)
  await fill(server)
  await until('the stalled client is dropped', () => page.drops.length > 0)
  expect(lost.socket.destroyed).toBe(false)
})

describe('a connection whose client has disappeared without a FIN', () => {
  test('is closed within two heartbeats, after an unanswered ping, if it is a WebSocket', async () => {
    await using server = await serve({ times: { heartbeatMs: 300 } })
    // The raw client reads everything and does not answer pings.
    const client = stalled(await rawWebSocket(server.port))
    const openedAtMs = performance.now()
    await client.closed()
    const heartbeats = (performance.now() - openedAtMs) / 300
    expect(client.text()).toContain('\x89\x00')
    expect(Math.floor(heartbeats)).toBeLessThanOrEqual(3)
  })

  test('stays open while its pongs arrive', async () => {
    await using server = await serve({ times: { heartbeatMs: 150 } })
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`)
    let pings = 0
    socket.on('ping', () => (pings += 1))
    await until('four heartbeats have been sent', () => pings >= 4)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.close()
  })

  test.skipIf(platform() !== 'linux')(
    'is checked by the kernel’s keep-alive while the server holds a poll of that client (visible on Linux)',
    async () => {
      await using server = await serve()
      const client = stalled(raw(server.port, get('/feed/lobby/long-poll?after=0&wait=30')))
      const port = await until('the client has a local port', () => client.socket.localPort)
      // Timer kind 2 is the keep-alive. It counts hundredths of a second.
      const ends = `:${hex(server.port)} 0100007F:${hex(port)} 01`
      const [, kind, when = ''] = await until('the kernel lists the connection', () =>
        new RegExp(`${ends} \\S+ (\\d\\d):(\\S+)`).exec(readFileSync('/proc/net/tcp', 'utf8')),
      )
      expect(kind).toBe('02')
      expect(Number.parseInt(when, 16) / 100).toBeLessThanOrEqual(10)
    },
  )
})

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')
