/** A student's server behind the sandbox's wire: here a whole server with the four transports, whose sockets count for themselves. */
import { EventEmitter, once } from 'node:events'
import { connect as dial } from 'node:net'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createAccess } from '../../../server/access.ts'
import { createApp } from '../../../server/app.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { kitOf } from '../../../server/lessons/kit.ts'
import type { LessonState, ToldLesson } from '../../../server/lessons/state.ts'
import type { Conditions, Lanes, TransportName } from '../../../server/protocol.ts'
import { NEUTRAL } from '../../../server/wire/ranges.ts'
import type { App } from '../../../server/transports/transport.ts'
import { transports } from '../../../web/transports/index.ts'
import { connect, isUp } from '../../conformance/client.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const NAMES = Object.keys(transports) as TransportName[]

const LANE = 'page.yours'

test.each(NAMES.flatMap((name) => [{}, { latencyMs: 3 }].map((conditions) => ({ name, conditions }))))(
  '$name under $conditions: the bytes of the lane are those that the sockets of the student’s server have seen',
  async ({ name, conditions }) => {
    await using student = await serve()
    const seen = watched(student.app)
    const sandbox = await besideOf(student.port, conditions)
    const client = connect(name, sandbox.way, { lane: LANE })
    for (const text of ['a', 'b', 'ü']) await publish(student.app, text)
    await until('all has come', () => client.events.length === 3)
    client.stop()
    // Which ends connections that a client keeps; a WebSocket ends by itself, in words of its own.
    if (name !== 'ws') await sandbox.set({ jitterMs: 1 })
    await until('all is over', () => seen.open() === 0)
    const lane = await sandbox.lane()
    expect(lane).toMatchObject({ transport: name, connections: seen.connections() })
    expect([lane?.bytesUp, lane?.bytesDown]).toEqual(seen.bytes())
    expect(Object.values(lane?.split ?? {}).reduce((sum, bytes) => sum + bytes, 0)).toBe(
      (lane?.bytesUp ?? 0) + (lane?.bytesDown ?? 0),
    )
    expect(lane?.split.payload).toBeGreaterThan(100)
  },
)

test.each(NAMES)('%s: cuts and changes of the network lose nothing, and it meets what holds then', async (name) => {
  await using student = await serve()
  const sandbox = await besideOf(student.port)
  using lane = connect(name, sandbox.way)
  await until('it is up', () => isUp(lane))
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
    await until('all has come', () => lane.events.length >= published.length)
  }
  expect(lane.texts()).toEqual(published)
  expect(lane.gaps).toEqual([])
})

test('a restart of the sandbox is one for this lane as well', async () => {
  await using student = await serve()
  const sandbox = await besideOf(student.port)
  using lane = connect('sse', sandbox.way)
  await until('it is up', () => lane.states.some(({ is }) => is === 'open'))
  await fetch(`${sandbox.origin}/lab/restart`, { method: 'POST' })
  await until('it has noticed', () => lane.states.some(({ is }) => is === 'reconnecting'))
  await publish(student.app, 'meanwhile')
  await until('it has come', () => lane.texts().includes('meanwhile'))
})

const GET = 'GET /feed/lobby/poll HTTP/1.1\r\n'
const WEBSOCKET = 'Upgrade: websocket\r\nConnection: Upgrade\r\n'

test.each([
  ['another host', `${GET}Host: evil.example:PORT\r\n\r\n`, '421'],
  ['another host, for a WebSocket', `${GET}Host: evil.example:PORT\r\n${WEBSOCKET}\r\n`, '421'],
  ['no host', `${GET}\r\n`, '421'],
  ['a page of another site', `${GET}Host: localhost:PORT\r\nOrigin: http://evil.example\r\n\r\n`, '403'],
  ['a page of another server here', `${GET}Host: localhost:PORT\r\nOrigin: http://localhost:1\r\n\r\n`, '403'],
  ['no HTTP', 'hello\r\n\r\n', '421'],
])('%s does not get in', async (_who, request, status) => {
  await using student = await serve()
  const seen = watched(student.app)
  const sandbox = await besideOf(student.port)
  const answer = await asked(sandbox.way, request)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, 's'))
  await until('it was let go', () => seen.open() === 0)
  expect(seen.requests()).toBe(0)
})

test('a page of the sandbox gets in', async () => {
  await using student = await serve()
  const sandbox = await besideOf(student.port)
  const from = `Host: localhost:PORT\r\nOrigin: ${sandbox.origin.replace('127.0.0.1', 'localhost')}\r\n`
  // The student's server here is one that knows no other origin than its own.
  expect(await asked(sandbox.way, `${GET}${from}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 .*A page of/s)
})

test('a page is told where the way is, and what the detour costs as soon as somebody went there', async () => {
  await using student = await serve()
  const sandbox = await besideOf(student.port)
  expect(await sandbox.told()).toMatchObject({ way: sandbox.way, hopMs: null })
  await (await fetch(`${sandbox.way}/health`)).text()
  expect(await sandbox.told()).toMatchObject({ hopMs: expect.any(Number) })
})

test('while the student’s server is away a connection is reset', async () => {
  const sandbox = await besideOf(null)
  await expect(fetch(`${sandbox.way}/feed/lobby/poll`)).rejects.toThrow()
})

test('the kit’s own way to the feed is not bent', async () => {
  const sandbox = await besideOf(null, { latencyMs: 100, firewall: true })
  const socket = new WebSocket(`${sandbox.origin.replace('http', 'ws')}/feed/lobby/ws?after=0&lane=kit`)
  const beganMs = performance.now()
  await once(socket, 'message')
  // The handshake's three ways alone would take so long.
  expect(performance.now() - beganMs).toBeLessThan(300)
  socket.close()
})

/** What the sockets of a server have seen, by their own count. One that a client has opened in advance is none of them. */
function watched({ server }: App) {
  const sockets: Socket[] = []
  const used = () => sockets.filter(({ bytesRead }) => bytesRead > 0)
  const sum = (of: 'bytesRead' | 'bytesWritten') => used().reduce((bytes, socket) => bytes + socket[of], 0)
  let requests = 0
  server.on('request', () => requests++)
  server.on('connection', (socket: Socket) => sockets.push(socket))
  return {
    connections: () => used().length,
    open: () => used().filter(({ closed }) => !closed).length,
    bytes: () => [sum('bytesRead'), sum('bytesWritten')],
    requests: () => requests,
  }
}

/** Not over a connection: those are counted. */
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

/** A sandbox whose kit says that the student's server is at this port, or nowhere. */
async function besideOf(port: number | null, conditions: Partial<Conditions> = {}) {
  const parent = new EventEmitter<{ message: [LessonState] }>()
  const kit = kitOf(parent)
  parent.emit('message', { ...STATE, yours: port === null ? null : `http://localhost:${port}` })
  const app = await createApp({ log: memoryLog(), access: createAccess([]), kit })
  onTestFinished(async () => {
    setTimeout(() => app.server.closeAllConnections(), 1500).unref()
    await app.close()
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const act = async (method: 'POST' | 'PUT', path: string, body: unknown) => {
    const { statusCode } = await app.inject({
      method,
      url: path,
      headers: { host: 'localhost' },
      payload: body as object,
    })
    expect(statusCode).toBeLessThan(300)
  }
  const set = (change: Partial<Conditions>) => act('PUT', '/lab/settings', { conditions: change })
  await set(conditions)
  const told = async (): Promise<ToldLesson> => {
    const { body } = await fetch(`${origin}/lessons/state`)
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('data:')) text += (await reader?.read())?.value ?? ''
    await reader?.cancel()
    return JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '')
  }
  return {
    origin,
    way: (await told()).way ?? '',
    told,
    set,
    cut: () => act('POST', '/lab/cut', { how: 'RST' }),
    lane: async () => {
      const { lanes } = (await app.inject({ url: '/lab/lanes', headers: { host: 'localhost' } })).json<Lanes>()
      return lanes.find(({ lane }) => lane === LANE)
    },
  }
}

/** Sends this, with the way's port in place of PORT, and answers all that came until the end. */
async function asked(way: string, request: string): Promise<string> {
  const { port } = new URL(way)
  const socket = dial(Number(port), '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => (text += String(bytes)))
  socket.write(request.replaceAll('PORT', port))
  await once(socket, 'close')
  return text
}

const STATE: LessonState = {
  lesson: '04-long-polling',
  title: 'What happens?',
  files: ['long-poll.ts'],
  is: 'waiting',
  said: 'Waiting for you to save.',
  yours: null,
  transport: 'long-poll',
  results: [],
  checkedAtMs: null,
  rungs: 1,
  course: [],
}
