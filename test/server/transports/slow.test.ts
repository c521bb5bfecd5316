/** Clients that are slow, stalled or gone. Sockets are real, and so is the kernel's share of what waits. */
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

const TIMES = { stalledMs: 250 }

/** More than the kernel holds for a reader that stands still. */
const MUCH_BYTES = 6 * 1024 * 1024
const TEXT = 'x'.repeat(4000)

/** So many messages. */
const all = Math.ceil(MUCH_BYTES / TEXT.length)

const opened: Raw[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()))
})

function stalled(client: Raw): Raw {
  opened.push(client)
  return client
}

/** Of the events that have come whole. */
const idsIn = (text: string): string[] =>
  Array.from(text.matchAll(/"id":"(\w+\.\d+)","room":[^}]*\}/g), ([, id = '']) => id)

const last = (client: Raw): string | undefined => idsIn(client.text().slice(-2 * TEXT.length)).at(-1)

/** Past HTTP: nothing is tested by the way up. */
async function fill(server: Served, bytes = MUCH_BYTES): Promise<void> {
  const ask = { method: 'POST', url: '/feed/lobby', headers: { host: 'localhost' } } as const
  for (let sent = 0; sent < bytes; sent += TEXT.length)
    await server.app.inject({ ...ask, payload: { user: 'Ada', text: TEXT } })
}

describe.each(['sse', 'ws'])('a client of %s that reads nothing', (path) => {
  const more = path === 'ws' ? upgrade : get

  test('is dropped, its page is told why, and it comes back with its cursor and has everything, once and in order', async () => {
    await using server = await serve({ times: TIMES, limits: false })
    using page = await listenToDrops(server.origin, 'a1b2c3d4')
    const first = stalled(raw(server.port, more(`/feed/lobby/${path}?after=0&lane=a1b2c3d4.${path}`), false))
    await until('it is open', async () => (await server.connections()) === 2)
    await fill(server)
    await until('it is dropped', () => page.drops.length > 0)
    expect(page.drops).toMatchObject([
      { lane: `a1b2c3d4.${path}`, reason: 'too slow: nothing taken for 0.25 s', at: expect.any(Number) },
    ])
    await until('its connection is gone', async () => (await server.connections()) === 1)
    first.socket.resume()
    const seen = idsIn(await first.closed())
    const second = stalled(raw(server.port, more(`/feed/lobby/${path}?after=${seen.at(-1) ?? '0'}`)))
    await until('it has the rest', () => last(second)?.endsWith(`.${all}`))
    const ids = [...seen, ...idsIn(second.text())]
    expect(ids.map((id) => Number(id.split('.')[1]))).toEqual(Array.from({ length: all }, (_, i) => i + 1))
  })
})

test('a WebSocket that reads on in time is told why, by 1013', async () => {
  await using server = await serve({ times: TIMES, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws?lane=a1b2c3d4.ws`)
  await once(socket, 'open')
  socket.pause()
  await fill(server)
  await until('it is given up', () => page.drops.length > 0)
  socket.resume()
  const [code, reason] = await once(socket, 'close')
  expect([code, String(reason)]).toEqual([1013, 'too slow: nothing taken for 0.25 s'])
})

describe.each([
  ['a short poll', '/feed/lobby/poll?after=0'],
  ['a long poll', '/feed/lobby/long-poll?after=0'],
  ['a module of the page', '/vendor/uplot/uPlot.js'],
])('who does not take the answers of %s', (_what, path) => {
  test('is dropped, however many it has asked for', async () => {
    await using server = await serve({ times: TIMES, limits: false })
    await fill(server, 200_000)
    stalled(raw(server.port, get(path).repeat(400), false))
    await until('it is connected', async () => (await server.connections()) === 1)
    await until('it is dropped', async () => (await server.connections()) === 0)
  })
})

test('a client for whom too much waits is dropped although it takes something', async () => {
  await using server = await serve({ times: { stalledMs: 1000, waitingBytes: 50_000 }, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  stalled(raw(server.port, get('/feed/lobby/sse?lane=a1b2c3d4.sse'), false))
  await until('it is open', async () => (await server.connections()) === 2)
  await fill(server)
  await until('it is dropped', () => page.drops.length > 0)
  expect(page.drops[0]?.reason).toBe('too slow: 0.05 MiB behind')
})

test('a client in a black hole is not told: that neither end knows is what is shown', async () => {
  await using server = await serve({ times: TIMES, limits: false })
  using page = await listenToDrops(server.origin, 'a1b2c3d4')
  const lost = stalled(raw(server.port, get('/feed/lobby/sse')))
  await until('it is open', () => lost.text().includes('\n\n'))
  await server.app.inject({
    method: 'POST',
    url: '/lab/cut',
    headers: { host: 'localhost' },
    payload: { how: 'black hole' },
  })
  stalled(raw(server.port, get('/feed/lobby/sse?lane=a1b2c3d4.sse'), false))
  await until('the other is open', async () => (await server.connections()) === 3)
  await fill(server)
  await until('the other is dropped', () => page.drops.length > 0)
  expect(lost.socket.destroyed).toBe(false)
})

describe('a connection whose other end has gone without a word', () => {
  test('is noticed as a WebSocket by a ping without its pong, within two heartbeats', async () => {
    await using server = await serve({ times: { heartbeatMs: 300 } })
    // Reads all that comes and answers no ping: the raw client knows none.
    const client = stalled(await rawWebSocket(server.port))
    const openedAtMs = performance.now()
    await client.closed()
    const heartbeats = (performance.now() - openedAtMs) / 300
    expect(client.text()).toContain('\x89\x00')
    expect(Math.floor(heartbeats)).toBeLessThanOrEqual(3)
  })

  test('is not taken for gone while its pongs come', async () => {
    await using server = await serve({ times: { heartbeatMs: 150 } })
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`)
    let pings = 0
    socket.on('ping', () => (pings += 1))
    await until('four heartbeats are over', () => pings >= 4)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.close()
  })

  test.skipIf(platform() !== 'linux')(
    'is asked for by the kernel where nothing is said, as in a held poll (Linux shows it)',
    async () => {
      await using server = await serve()
      const client = stalled(raw(server.port, get('/feed/lobby/long-poll?after=0&wait=30')))
      const port = await until('it is connected', () => client.socket.localPort)
      // The timer of kind 2 is the keep-alive's; it counts in hundredths of a second.
      const ends = `:${hex(server.port)} 0100007F:${hex(port)} 01`
      const [, kind, when = ''] = await until('the kernel has it', () =>
        new RegExp(`${ends} \\S+ (\\d\\d):(\\S+)`).exec(readFileSync('/proc/net/tcp', 'utf8')),
      )
      expect(kind).toBe('02')
      expect(Number.parseInt(when, 16) / 100).toBeLessThanOrEqual(10)
    },
  )
})

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')
