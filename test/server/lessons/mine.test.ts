/**
 * Tests of a student's server at `/mine`. It is a whole server with all transports, and its sockets count their own
 * bytes.
 */
import { once } from 'node:events'
import { connect as dial, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { TransportName } from '../../../server/protocol/feed.ts'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import type { Crossing } from '../../../server/protocol/wire.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import type { App } from '../../../server/http/app-type.ts'
import { transports } from '../../../web/transports/index.ts'
import { connect, isUp } from '../../conformance/client.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { LANE, beside } from './beside.ts'

const NAMES = Object.keys(transports) as TransportName[]

test.each(NAMES.flatMap((name) => [{}, { latencyMs: 3 }].map((conditions) => ({ name, conditions }))))(
  "$name under $conditions: the bytes of the lane equal the bytes of the student's sockets, plus /mine in each request",
  async ({ name, conditions }) => {
    await using student = await serve()
    const seen = watched(student.app)
    const sandbox = await beside(student.port, conditions)
    const client = connect(name, sandbox.mine, { lane: LANE })
    for (const text of ['a', 'b', 'ü']) await publish(student.app, text)
    await until('the client has received three events', () => client.events.length === 3)
    // The sandbox would also count a request that is cancelled before it reaches the student's server.
    if (name === 'long-poll') await until('the student’s server holds the next poll', () => seen.requests() === 1)
    client.stop()
    // The change ends connections that a client keeps open. A WebSocket is left out, because it ends by itself with a
    // close frame.
    if (name !== 'ws') await sandbox.set({ jitterMs: 1 })
    await until('the server of the student has no open connection', () => seen.open() === 0)
    const lane = await sandbox.lane()
    expect(lane).toMatchObject({ transport: name, connections: seen.connections() })
    const [up = 0, down = 0] = seen.bytes()
    expect([lane?.bytesUp, lane?.bytesDown]).toEqual([up + (lane?.requests ?? 0) * '/mine'.length, down])
    expect(Object.values(lane?.split ?? {}).reduce((sum, bytes) => sum + bytes, 0)).toBe(
      (lane?.bytesUp ?? 0) + (lane?.bytesDown ?? 0),
    )
    expect(lane?.split.payload).toBeGreaterThan(100)
  },
)

test.each(NAMES)(
  '%s: a lane at /mine loses no event through cuts and changes of conditions, which apply at once',
  async (name) => {
    await using student = await serve()
    const sandbox = await beside(student.port)
    using lane = connect(name, sandbox.mine)
    await until('the lane is connected', () => isUp(lane))
    const published: string[] = []
    const publishSome = async () => {
      for (let i = 0; i < 10; i++) {
        published.push(String(published.length))
        await publish(student.app, published.at(-1) ?? '')
      }
    }
    for (const conditions of [{ latencyMs: 10 }, { jitterMs: 20 }, NEUTRAL]) {
      const publishing = publishSome()
      await sandbox.set(conditions)
      await sandbox.cut()
      await publishing
      await until('the lane has all events', () => lane.events.length >= published.length)
    }
    expect(lane.texts()).toEqual(published)
    expect(lane.gaps).toEqual([])
  },
)

test('a restart of the sandbox also ends the connection of a lane at /mine, which then reconnects', async () => {
  await using student = await serve()
  const sandbox = await beside(student.port)
  using lane = connect('sse', sandbox.mine)
  await until('the lane is open', () => lane.states.some(({ is }) => is === 'open'))
  await sandbox.restart()
  await until('the lane has noticed the restart', () => lane.states.some(({ is }) => is === 'reconnecting'))
  await publish(student.app, 'meanwhile')
  await until('the lane has received the event from the restart', () => lane.texts().includes('meanwhile'))
})

test.each(NAMES)('%s: a page gets the exchanges of the lane at /mine', async (name) => {
  await using student = await serve()
  const sandbox = await beside(student.port)
  const lab = new WebSocket(`${sandbox.origin.replace('http', 'ws')}/lab?room=elsewhere&page=${LANE.split('.')[0]}`)
  onTestFinished(() => lab.close())
  const crossings: Crossing[] = []
  lab.on('message', (data) => {
    const message: LabMessage = JSON.parse(String(data))
    if (message.type === 'wire') crossings.push(...message.crossings)
  })
  await once(lab, 'message')
  const client = connect(name, sandbox.mine, { lane: LANE })
  onTestFinished(client.stop)
  await publish(student.app, 'a')
  await until('the request of the lane is reported', () =>
    crossings.some(({ lane, is }) => lane === LANE && is === 'request'),
  )
  await until('the event of the lane is reported', () =>
    crossings.some((crossing) => 'id' in crossing && crossing.lane === LANE),
  )
})

const GET = 'GET /mine/feed/lobby/poll HTTP/1.1\r\n'
const WEBSOCKET = 'Upgrade: websocket\r\nConnection: Upgrade\r\n'

test.each([
  ['another host', `${GET}Host: evil.example:PORT\r\n\r\n`, '421'],
  ['another host, for a WebSocket', `${GET}Host: evil.example:PORT\r\n${WEBSOCKET}\r\n`, '421'],
  ['no host', `${GET}\r\n`, '400'],
  ['two hosts', `${GET}Host: localhost:PORT\r\nHost: evil.example\r\n\r\n`, '400'],
  [
    'an address of another site',
    'GET http://evil.example/mine/feed/lobby/poll HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n',
    '421',
  ],
  ['a page of two sites', `${GET}Host: localhost:PORT\r\nOrigin: http://localhost\r\nOrigin: null\r\n\r\n`, '403'],
  ['a page of another site', `${GET}Host: localhost:PORT\r\nOrigin: http://evil.example\r\n\r\n`, '403'],
  ['a page of another server here', `${GET}Host: localhost:PORT\r\nOrigin: http://localhost:1\r\n\r\n`, '403'],
  [
    'a page of another server here, for a WebSocket',
    `${GET}Host: localhost:PORT\r\nOrigin: http://localhost:1\r\n${WEBSOCKET}\r\n`,
    '403',
  ],
  ['a text that is not HTTP', 'hello\r\n\r\n', '400'],
])('the server refuses a request to /mine with %s', async (_who, request, status) => {
  await using student = await serve()
  const seen = watched(student.app)
  const sandbox = await beside(student.port)
  const answer = await asked(sandbox.port, request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, 'is'))
  expect(seen.connections()).toBe(0)
})

test.each(['document', 'iframe', 'script', 'worker', 'serviceworker', 'style', 'image', 'object'])(
  "a browser gets no %s from the student's program, because it would have the rights of the sandbox's pages",
  async (destination) => {
    await using student = await serve()
    const seen = watched(student.app)
    const sandbox = await beside(student.port)
    const headers = { 'sec-fetch-dest': destination }
    const answer = await fetch(`${sandbox.mine}/health`, { headers })
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'not-a-page' }])
    expect(seen.connections()).toBe(0)
  },
)

test("after the first request to /mine, a page gets the time that the hop to the student's server takes", async () => {
  await using student = await serve()
  const sandbox = await beside(student.port)
  expect(await sandbox.told()).toMatchObject({ hopMs: null })
  await (await fetch(`${sandbox.mine}/health`)).text()
  expect(await sandbox.told()).toMatchObject({ hopMs: expect.any(Number) })
})

test("through a relay that forwards one port, a page reaches the student's server by every transport", async () => {
  await using student = await serve()
  const sandbox = await beside(student.port)
  const relay = createServer((client) => {
    const server = dial(sandbox.port, '127.0.0.1')
    client.pipe(server).pipe(client)
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const)
      end.on('error', () => other.destroy())
  })
  await once(relay.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void relay.close())
  const origin = `http://localhost:${(relay.address() as AddressInfo).port}`
  const headers = { origin, 'content-type': 'application/json' }
  const clients = NAMES.map((name) => connect(name, `${origin}/mine`, { lane: `0123abcd.${name}` }))
  await until('all clients are connected', () => clients.every(isUp))
  const body = '{"user":"Ada","text":"from a page"}'
  expect((await fetch(`${origin}/mine/feed/lobby`, { method: 'POST', headers, body })).status).toBe(201)
  await until('every client has the event', () => clients.every((client) => client.texts().includes('from a page')))
  for (const client of clients) client.stop()
})

test('without a kit, a request for /mine gets a 404', async () => {
  await using sandbox = await serve()
  for (const path of ['/mine', '/mine/', '/mine/feed/lobby/poll'])
    expect((await fetch(sandbox.origin + path)).status).toBe(404)
})

test('no condition affects the connection from the kit to the feed', async () => {
  const sandbox = await beside(null, { latencyMs: 100, firewall: true })
  const socket = new WebSocket(`${sandbox.origin.replace('http', 'ws')}/feed/lobby/ws?after=0&lane=kit`)
  const beganMs = performance.now()
  await once(socket, 'message')
  // With latency, the three trips of the handshake alone would take this long.
  expect(performance.now() - beganMs).toBeLessThan(300)
  socket.close()
})

/** Counts the bytes of a server's sockets. A connection that a client opened without using it is left out. */
function watched({ server }: App) {
  const sockets: Socket[] = []
  const used = () => sockets.filter(({ bytesRead }) => bytesRead > 0)
  const sum = (of: 'bytesRead' | 'bytesWritten') => used().reduce((bytes, socket) => bytes + socket[of], 0)
  server.on('connection', (socket: Socket) => sockets.push(socket))
  let requests = 0
  server.on('request', (_request, response) => {
    requests += 1
    response.once('close', () => (requests -= 1))
  })
  return {
    /** Number of requests that have no complete response yet. */
    requests: () => requests,
    connections: () => used().length,
    open: () => used().filter(({ closed }) => !closed).length,
    bytes: () => [sum('bytesRead'), sum('bytesWritten')],
  }
}

/** Injects the request, because real connections would be counted. */
async function publish(app: App, text: string): Promise<void> {
  const payload = { user: 'Ada', text }
  const { statusCode } = await app.inject({
    method: 'POST',
    url: '/feed/lobby',
    headers: { host: 'localhost' },
    payload,
  })
  expect(statusCode).toBe(201)
}

/** Sends a request, with the sandbox's port in place of PORT. Returns all bytes up to the end. */
async function asked(port: number, request: string): Promise<string> {
  const socket = dial(port, '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => (text += String(bytes)))
  socket.write(request.replaceAll('PORT', String(port)))
  await once(socket, 'close')
  return text
}
