/** Floods of slow clients against a server with its default limits. The page must stay available all the time. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import { get, raw, rawWebSocket, statusOf, upgrade } from '../../raw.ts'
import type { Raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { spawnServer } from '../../spawn.ts'
import type { Spawned } from '../../spawn.ts'
import { until } from '../../until.ts'
import { frame } from '../wire/frame.ts'

const CLIENTS = 500

/** Number of readers. Each one fills some megabytes of the kernel's buffers before it blocks. */
const READERS = 40
const DRIP_MS = 500
const FLOOD_MS = 15_000

/** Longest time that the page may take, including the noise of this machine. */
const PAGE_MS = 1000

/** More questions than fit into the kernel's buffers for requests and answers. */
const FLOOD_BYTES = 16 * 1024 * 1024

const SLOW_BODY =
  'POST /feed/lobby HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{'

describe.each([
  ['slow heads', 'GET / HTTP/1.1\r\nHost: localhost\r\n', 'X-Drip: 1\r\n', 408],
  ['slow bodies', SLOW_BODY, ' ', 408],
  ['connections without a request', '', '', 408],
] as const)('a flood of %s', (_what, begin, drip, status) => {
  test('delays the page by less than a second, and the server ends the attacking connections after the time limit', async () => {
    await using server = await spawnReady('--data', ':memory:')
    const clients = Array.from({ length: CLIENTS }, () => raw(server.port, begin))
    const dripping = setInterval(() => {
      for (const { socket } of clients) if (drip !== '' && socket.writable) socket.write(drip)
    }, DRIP_MS)
    const slowestMs = await watchPage(server, FLOOD_MS)
    clearInterval(dripping)
    console.log(`${CLIENTS} of them: the page took ${slowestMs.toFixed(0)} ms at the most`)
    expect(slowestMs).toBeLessThan(PAGE_MS)
    await until('all attackers are disconnected', () => clients.every(({ socket }) => socket.destroyed), 10_000)
    expect(new Set(clients.map((client) => statusOf(client.text())))).toEqual(new Set([status]))
    await Promise.all(clients.map((client: Raw) => client.close()))
  })
})

test('a flood of readers that read nothing delays the page by less than a second, and the server drops all of them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'floods-'))
  const path = join(folder, 'feed.db')
  const log = sqliteLog(path)
  const draft = { type: 'message', user: 'Ada', text: 'x'.repeat(4000) } as const
  await Promise.all(Array.from({ length: 2500 }, () => log.append('lobby', draft)))
  await log.close()
  {
    await using server = await spawnReady('--data', path)
    const requests = [get('/feed/lobby/sse?after=0'), upgrade('/feed/lobby/ws?after=0')]
    const clients = Array.from({ length: READERS }, (_, i) => raw(server.port, requests[i % 2] ?? '', false))
    let dropped = 0
    for (const { socket } of clients) socket.on('error', () => (dropped += 1))
    const slowestMs = await watchPage(server, 8000)
    console.log(`${READERS} of them: the page took ${slowestMs.toFixed(0)} ms at the most`)
    expect(slowestMs).toBeLessThan(PAGE_MS)
    for (const { socket } of clients) socket.resume()
    await until('all readers are disconnected', () => clients.every(({ socket }) => socket.destroyed), 10_000)
    expect(dropped).toBeGreaterThanOrEqual(READERS / 2)
  }
  rmSync(folder, { recursive: true })
})

test('the server stops reading requests from a client that does not read the responses', async () => {
  await using server = await serve({ times: { stalledMs: 60_000 }, limits: false })
  const sockets: Socket[] = []
  server.app.server.on('connection', (socket) => sockets.push(socket))
  const client = await rawWebSocket(server.port, '/feed/lobby/ws', false)
  const question = frame(Buffer.from('{"type":"ping"}'), { mask: true })
  client.socket.write(Buffer.concat(Array.from({ length: FLOOD_BYTES / question.length }, () => question)))
  const socket = await until('the client is connected', () => sockets[0])
  await until('the server no longer reads from the socket', () => socket.writableNeedDrain && socket.isPaused())
  expect(socket.writableLength).toBeLessThan(1024 * 1024)
  const other = await rawWebSocket(server.port)
  await server.publish('all are served')
  await until('another client gets its message', () => other.text().includes('all are served'))
  await Promise.all([client.close(), other.close()])
})

const hasSlowHttpTest = spawnSync('slowhttptest', ['-h']).error === undefined

// slowhttptest is an independent tool for the same attacks; Debian has a package.
test.skipIf(!hasSlowHttpTest).each([
  ['slow heads', ['-H', '-i', '1']],
  ['slow bodies', ['-B', '-i', '1', '-s', '9000', '-t', 'POST', '-f', 'application/json']],
  ['slow readers', ['-X', '-w', '8', '-y', '16', '-n', '5', '-z', '8', '-k', '3']],
])('slowhttptest finds the page available during an attack with %s', async (_what, flags) => {
  await using server = await spawnReady('--data', ':memory:')
  const url = `${server.origin}/vendor/uplot/uPlot.js`
  const tool = spawn('slowhttptest', [...flags, '-c', '300', '-r', '200', '-l', '12', '-u', url], { stdio: 'ignore' })
  const ended = once(tool, 'exit')
  const slowestMs = await watchPage(server, 10_000)
  await ended
  console.log(`the page took ${slowestMs.toFixed(0)} ms at the most`)
  expect(slowestMs).toBeLessThan(PAGE_MS)
})

/** Starts a server, and gets the page once: the first request waits until the server has joined the page's modules. */
async function spawnReady(...args: readonly string[]): Promise<Spawned> {
  const server = await spawnServer(...args)
  expect(statusOf(await raw(server.port, get('/', 'Connection: close\r\n')).closed())).toBe(200)
  return server
}

/** Requests the page over new connections again and again. Returns the longest time that it took, in ms. */
async function watchPage({ port }: Spawned, forMs: number): Promise<number> {
  let slowestMs = 0
  for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
    const askedAtMs = performance.now()
    const answer = await raw(port, get('/', 'Connection: close\r\n')).closed()
    slowestMs = Math.max(slowestMs, performance.now() - askedAtMs)
    expect(statusOf(answer)).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return slowestMs
}
