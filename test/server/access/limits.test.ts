import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { LIMITS } from '../../../server/access/limits.ts'
import { readProxies } from '../../../server/access/trusted-proxies.ts'
import { get, post, raw, statusOf } from '../../raw.ts'
import type { Raw } from '../../raw.ts'
import { NO_RATES, serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const HELD_PATHS = ['/feed/lobby/long-poll?after=0&wait=30', '/feed/lobby/sse', '/feed/lobby/ws']
const HELLO = { user: 'Ada', text: 'hello' }

const named = (path: string, page: string) => `${path}${path.includes('?') ? '&' : '?'}lane=${page}.lane`

function open(url: string, origin: string): WebSocket {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${url}`)
  onTestFinished(() => socket.terminate())
  return socket
}

test('above the limit, a new connection replaces an idle one, or is closed if no connection is idle', async () => {
  await using server = await serve({ limits: { ...NO_RATES, connectionsPerAddress: 2 } })
  const held = '/feed/lobby/long-poll?after=0&wait=30'
  const busy = raw(server.port, get(held))
  await until('the server has one connection', async () => (await server.connections()) === 1)
  const idle = raw(server.port, get('/health'))
  await until('the idle connection has got its response', () => idle.text() !== '')
  const next = raw(server.port, get(held))
  await idle.closed()
  const refused = raw(server.port, get('/health'))
  expect(await refused.closed()).toBe('')
  await server.publish('hello').catch(() => {})
  expect([busy, next].map(({ socket }) => socket.destroyed)).toEqual([false, false])
  await next.close()
  await until('another connection gets a response', async () => {
    const another = raw(server.port, get('/health', 'Connection: close\r\n'))
    return statusOf(await another.closed()) === 200
  })
  await busy.close()
})

describe('a stream or held poll beyond the limit', () => {
  const limits = { ...NO_RATES, heldPerClient: 3, heldPerAddress: 5 }

  test.each([
    ['of one client', 3, (path: string) => named(path, 'a')],
    ['of one address', 5, (path: string, i: number) => named(path, `page-${i}`)],
  ])(
    '%s gets a refusal in the protocol of its transport, and is accepted after another client has left',
    async (_whose, most, lane) => {
      await using server = await serve({ limits })
      const held = await hold(server, most, (i) => lane('/feed/lobby/sse', i))

      const poll = await raw(
        server.port,
        get(lane('/feed/lobby/long-poll?after=0', 98), 'Connection: close\r\n'),
      ).closed()
      expect(statusOf(poll)).toBe(429)
      expect(poll).toMatch(/^retry-after: 5$/im)
      expect(poll).toMatch(/\d streams and held polls open.*"code":"too-many-streams"/)

      const stream = raw(server.port, get(lane('/feed/lobby/sse', 98)))
      await until('the stream has ended', () => stream.text().endsWith('\r\n0\r\n\r\n'))
      expect(statusOf(stream.text())).toBe(200)
      expect(stream.text()).toMatch(/: .* streams and held polls open\.\nretry: [5-7]\d{3}\nid: \w+\.0\n\n/)
      await stream.close()

      const [code, reason] = await once(open(lane('/feed/lobby/ws', 98), server.origin), 'close')
      expect(code).toBe(1013)
      expect(String(reason)).toMatch(/streams and held polls open/)

      // Short polls hold no place, so they still get a response.
      const short = await raw(server.port, get(lane('/feed/lobby/poll?after=0', 98), 'Connection: close\r\n')).closed()
      expect(statusOf(short)).toBe(204)

      await held[0]?.close()
      await until('a new stream gets a place', async () => {
        const next = raw(server.port, get(lane('/feed/lobby/sse', 0)))
        await until('the stream has got its response', () => next.text().includes('\n\n'))
        await next.close()
        return !next.text().includes('held polls open')
      })
      await Promise.all(held.map((client) => client.close()))
    },
  )

  test('is refused even if its request is pipelined', async () => {
    await using server = await serve({ limits })
    const path = '/feed/lobby/long-poll?after=0&wait=0.3'
    const client = raw(server.port, get(path).repeat(4) + get(path, 'Connection: close\r\n'))
    const statuses = Array.from((await client.closed()).matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status))
    expect(statuses.toSorted()).toEqual([204, 204, 204, 429, 429])
  })
})

test('the server disconnects a client that pipelines a thousand requests, without a response', async () => {
  await using server = await serve()
  const modest = raw(server.port, get('/health').repeat(15) + get('/health', 'Connection: close\r\n'))
  expect((await modest.closed()).match(/HTTP\/1\.1 200/g)).toHaveLength(16)
  const answer = await raw(server.port, get('/health').repeat(1000)).closed()
  expect(answer.match(/HTTP\/1\.1 200/g) ?? []).toHaveLength(0)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('two hundred students behind one address can each have three open lanes and publish a message at the same time', async () => {
  await using server = await serve({ limits: {} })
  const held = await hold(server, 600, (i) => named(HELD_PATHS[i % HELD_PATHS.length] ?? '', `page-${i % 200}`))
  expect(held).toHaveLength(600)
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      raw(server.port, post('class', { user: `Student ${i}`, text: 'hello' }, 'Connection: close\r\n')).closed(),
    ),
  )
  expect(new Set(answers.map(statusOf))).toEqual(new Set([201]))
  expect(LIMITS.heldPerAddress).toBeGreaterThanOrEqual(600)
  await Promise.all(held.map((client) => client.close()))
})

describe('the limit of messages', () => {
  const limits = { messagesPerSecondPerClient: 5, messagesPerSecondPerAddress: 20 }
  const publish = async (server: Served, path: string) => {
    const url = `${server.origin}/feed/${path}`
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(HELLO),
    })
    return { status: response.status, retryAfter: response.headers.get('retry-after'), problem: await response.json() }
  }

  test('refuses messages of one client with 429 if the client sends too many in a second, over any connection and lane', async () => {
    await using server = await serve({ limits })
    const answers = await Promise.all(
      Array.from({ length: 15 }, (_, i) => publish(server, `lobby?lane=page.${['sse', 'ws', 'poll'][i % 3]}`)),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(10)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toMatchObject({ retryAfter: '1', problem: { code: 'too-many-messages' } })
    // Other clients are not refused.
    expect(await publish(server, 'lobby?lane=other.sse')).toMatchObject({ status: 201 })
    const socket = open('/feed/lobby/ws?after=0', server.origin)
    let events = 0
    socket.on('message', (data) => (events += String(data).includes('"hello"') ? 1 : 0))
    const accepted = answers.length - refused.length + 1
    await until('as many events were published as messages were accepted', () => events === accepted)
  })

  test('counts messages for each connection if the client names no lane', async () => {
    await using server = await serve({ limits })
    const client = raw(server.port, post('lobby', HELLO).repeat(12) + post('lobby', HELLO, 'Connection: close\r\n'))
    const statuses = (await client.closed()).match(/HTTP\/1\.1 (201|429)/g) ?? []
    expect(statuses).toHaveLength(13)
    expect(statuses).toContain('HTTP/1.1 429')
    expect(await publish(server, 'lobby')).toMatchObject({ status: 201 })
  })

  test('also applies to all clients of one address together, no matter which names they use', async () => {
    await using server = await serve({ limits })
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => publish(server, `lobby?lane=page-${i}.sse`)),
    )
    expect(answers.map(({ status }) => status)).toContain(429)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(40)
  })

  test('also counts messages over a WebSocket: a refused message gets an error, and a flood closes the socket with 1008', async () => {
    await using server = await serve({ limits })
    const socket = open('/feed/lobby/ws?lane=page.ws', server.origin)
    const messages: { type: string; code?: string }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(socket, 'open')
    const closed = once(socket, 'close')
    const say = () => socket.send(JSON.stringify({ type: 'message', ...HELLO }))
    for (let i = 0; i < 20; i++) say()
    await until('the server has refused a message', () => messages.some(({ code }) => code === 'too-many-messages'))
    expect(await publish(server, 'lobby?lane=page.sse')).toMatchObject({ status: 429 })
    expect(socket.readyState).toBe(WebSocket.OPEN)
    for (let i = 0; i < 300; i++) socket.send('{"type":"typing"}')
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([1008, 'too many messages'])
  })
})

describe('the limit of rooms', () => {
  test('counts the rooms that each client creates, and does not affect other clients', async () => {
    await using server = await serve({ limits: { ...NO_RATES, newRoomsPerMinutePerClient: 3 } })
    const say = (room: string, lane: string) =>
      raw(server.port, post(`${room}?lane=${lane}`, HELLO, 'Connection: close\r\n')).closed()
    const answers: string[] = []
    for (const room of ['a', 'b', 'c', 'd']) answers.push(await say(room, 'eve.x'))
    expect(answers.map(statusOf)).toEqual([201, 201, 201, 429])
    expect(answers[3]).toMatch(/^retry-after: 60$/im)
    expect(answers[3]).toMatch(/This client has begun 3 rooms or boards in a minute.*"code":"too-many-rooms"/)
    expect(statusOf(await say('a', 'eve.x'))).toBe(201)
    expect(statusOf(await say('d', 'ada.x'))).toBe(201)
    const board = { user: 'Eve', type: 'task_created', task: { title: 'x' } }
    const body = JSON.stringify(board)
    const request = `POST /boards/e?lane=eve.x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
    expect(statusOf(await raw(server.port, request).closed())).toBe(429)
    const socket = open('/feed/f/ws?lane=eve.x', server.origin)
    const told: string[] = []
    socket.on('message', (data) => told.push(String(data)))
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'message', ...HELLO }))
    await until('the join is refused', () => told.some((text) => text.includes('"code":"too-many-rooms"')))
  })

  test('counts the rooms that a client joins after its first one, until the client leaves them', async () => {
    await using server = await serve({ limits: { ...NO_RATES, furtherRoomsPerClient: 1 } })
    const socket = open('/?lane=a.ws', server.origin)
    const messages: { type: string; code?: string }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(socket, 'open')
    const say = (type: string, room: string) => socket.send(JSON.stringify({ type, room }))
    for (const room of ['a', 'b', 'c']) say('join', room)
    say('leave', 'b')
    say('join', 'c')
    await until('all six messages are answered', () => messages.length === 6)
    expect(messages.map(({ type, code }) => code ?? type)).toEqual([
      'connected',
      'joined',
      'joined',
      'too-many-rooms',
      'left',
      'joined',
    ])
  })

  test('leaves a place for another client when twenty connections of one address have joined fifty rooms each', async () => {
    await using server = await serve()
    const joined: number[] = []
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const socket = open('/', server.origin)
        let answers = 0
        socket.on('message', () => (answers += 1))
        await once(socket, 'open')
        for (let j = 0; j < 50; j++) socket.send(JSON.stringify({ type: 'join', room: `r-${i}-${j}` }))
        await until('all joins are answered', () => answers >= 51)
        joined.push(answers)
      }),
    )
    const ada = open('/feed/ada/ws', server.origin)
    const told: string[] = []
    ada.on('message', (data) => told.push(String(data)))
    await until('Ada has joined the room', () => told.length > 0)
    await server.publish('hello', 'ada')
    await until('the message has reached Ada', () => told.some((text) => text.includes('hello')))
  })
})

describe('the limit of work', () => {
  const limits = {
    ...NO_RATES,
    costPerSecondPerConnection: 10,
    costPerSecondPerAddress: 20,
    costPerSecondPerClient: 100,
  }

  test('slows down a client that sends requests without a pause, and does not delay another client', async () => {
    await using server = await serve({ limits })
    let answers = 0
    const eve = raw(server.port, '')
    eve.socket.on('data', (data) => (answers += String(data).split('HTTP/1.1 ').length - 1))
    const ask = setInterval(() => eve.socket.write(get('/health')), 5)
    await until('the shared part of the limit is used up', () => answers > 40)
    const ada = raw(server.port, '')
    await until('Ada gets a response quickly', async () => {
      const beganAt = performance.now()
      ada.socket.write(get('/health'))
      const before = ada.text().length
      await until('the response to Ada has arrived', () => ada.text().length > before)
      return performance.now() - beganAt < 150
    })
    clearInterval(ask)
    await Promise.all([eve.close(), ada.close()])
  })

  test('refuses a request with 429 if the request would have to wait too long', async () => {
    await using server = await serve({
      limits: { ...NO_RATES, costPerSecondPerConnection: 1, costPerSecondPerAddress: 1, costPerSecondPerClient: 100 },
    })
    const beganAt = performance.now()
    const answer = await raw(server.port, get('/health').repeat(7) + get('/health', 'Connection: close\r\n')).closed()
    const statuses = Array.from(answer.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status))
    expect(statuses).toContain(429)
    expect(answer).toMatch(/This client sends more requests than its share allows.*"code":"too-many-requests"/)
    expect(performance.now() - beganAt).toBeGreaterThan(900)
  })

  test('also counts pings, and the server still answers each ping with a pong', async () => {
    await using server = await serve({ limits })
    const socket = open('/', server.origin)
    await once(socket, 'message')
    let pongs = 0
    socket.on('pong', () => (pongs += 1))
    for (let i = 0; i < 100; i++) socket.ping()
    await until('100 pongs have arrived', () => pongs === 100)
  })
})

describe('the address that a trusted proxy names', () => {
  const limits = { ...NO_RATES, heldPerAddress: 4, connectionsPerAddress: 5 }
  const from = (address: string) => `X-Forwarded-For: ${address}\r\n`

  test('has its own limit of streams, which affects neither the proxy itself nor other addresses', async () => {
    await using server = await serve({ limits, trustProxy: readProxies('loopback'), isShared: true })
    const many = Array.from({ length: 6 }, (_, i) =>
      raw(server.port, get(named('/feed/lobby/sse', `page-${i}`), from('192.0.2.1'))),
    )
    await until('all streams of the address are open', () => many.every((client) => client.text().includes('\n\n')))
    expect(many.filter((client) => client.text().includes('held polls open'))).toHaveLength(2)
    const other = raw(server.port, get(named('/feed/lobby/sse', 'page-0'), from('192.0.2.2')))
    await until('the stream of the other address is open', () => other.text().includes('\n\n'))
    expect(other.text()).not.toContain('held polls open')
    await Promise.all([...many, other].map((client) => client.close()))
  })

  test('is ignored if the proxy is not trusted', async () => {
    await using server = await serve({ limits })
    const many = await hold(server, 4, (i) => named('/feed/lobby/sse', `page-${i}`))
    const other = raw(server.port, get(named('/feed/lobby/sse', 'other'), from('192.0.2.2')))
    await until('the stream of the other address is open', () => other.text().includes('\n\n'))
    expect(other.text()).toContain('The address 127.0.0.1 has 4 streams')
    await Promise.all([...many, other].map((client) => client.close()))
  })
})

test('clients without a lane name can use only half of the streams of an address, so that named clients always get streams', async () => {
  await using server = await serve({ limits: { ...NO_RATES, heldPerAddress: 10 } })
  const many = Array.from({ length: 20 }, () => raw(server.port, get('/feed/lobby/sse')))
  await until('all streams are open', () => many.every((client) => client.text().includes('\n\n')))
  expect(many.filter((client) => !client.text().includes('held polls open'))).toHaveLength(5)
  const page = await hold(server, 3, () => named('/feed/lobby/sse', 'page'))
  expect(page.some((client) => client.text().includes('held polls open'))).toBe(false)
  await Promise.all([...many, ...page].map((client) => client.close()))
})

test('if the limits are off, rates and counts are unlimited, but sizes are still limited', async () => {
  await using server = await serve({ limits: false })
  const held = await hold(server, 20, () => named('/feed/lobby/sse', 'a'))
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => raw(server.port, post('lobby', HELLO, 'Connection: close\r\n')).closed()),
  )
  expect(new Set(answers.map(statusOf))).toEqual(new Set([201]))
  const large = { ...HELLO, text: 'x'.repeat(17_000) }
  expect(statusOf(await raw(server.port, post('lobby', large, 'Connection: close\r\n')).closed())).toBe(413)
  await Promise.all(held.map((client) => client.close()))
})

describe('a publish', () => {
  // One code point, which takes two UTF-16 units and four bytes.
  const GLYPH = '🜁'

  test.each([
    ['with a name of 64 code points is accepted', { user: GLYPH.repeat(64), text: 'x' }, 201],
    ['with a name of 65 code points is refused', { user: GLYPH.repeat(65), text: 'x' }, 400],
    ['with a text of 4,000 code points is accepted', { user: 'Ada', text: GLYPH.repeat(4000) }, 201],
    ['with a text of 4,001 code points is refused', { user: 'Ada', text: 'x'.repeat(4001) }, 400],
    ['with a body of more than 16 KiB is refused', { user: 'Ada', text: GLYPH.repeat(4100) }, 413],
  ])('%s', async (_what, message, status) => {
    await using server = await serve()
    expect(statusOf(await raw(server.port, post('lobby', message, 'Connection: close\r\n')).closed())).toBe(status)
  })
})

describe('a request that arrives slowly', () => {
  const times = { headMs: 200, requestMs: 400, checkMs: 50 }

  test.each([
    ['in its head', 'GET /health HTTP/1.1\r\nHost: localhost\r\n', 'X: 1\r\n'],
    [
      'in its body',
      'POST /feed/lobby HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{',
      ' ',
    ],
    ['without a single byte', '', ''],
  ])('%s gets the status 408 when the time limit is over', async (_where, begin, drip) => {
    await using server = await serve({ times })
    const client = raw(server.port, begin)
    const dripping = setInterval(() => client.socket.write(drip), 20)
    const answer = await client.closed()
    clearInterval(dripping)
    expect(statusOf(answer)).toBe(408)
    expect(answer).toMatch(/application\/problem\+json[^]*"code":"timeout"/)
  })

  test('has a time limit that does not affect a held poll', async () => {
    await using server = await serve({ times })
    const answer = await raw(server.port, get('/feed/lobby/long-poll?after=0&wait=1', 'Connection: close\r\n')).closed()
    expect(statusOf(answer)).toBe(204)
  })
})

test('each way of ending a connection frees its place in the limit', async () => {
  await using server = await serve({ limits: { connectionsPerAddress: 3 } })
  for (let i = 0; i < 20; i++) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    if (i % 2 === 0) socket.resetAndDestroy()
    else socket.destroy()
    await once(socket, 'close')
    await until('the server has no connection', async () => (await server.connections()) === 0)
  }
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

/** Opens `count` connections, and resolves when all of them are held. */
async function hold(server: Served, count: number, pathOf: (i: number) => string): Promise<Raw[]> {
  const clients = Array.from({ length: count }, (_, i) => {
    const path = pathOf(i)
    const more = path.includes('/ws')
      ? 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      : ''
    return raw(server.port, get(path, more))
  })
  await until('the streams are open', () =>
    clients.every((client, i) => pathOf(i).includes('/long-poll') || client.text().includes('\r\n\r\n')),
  )
  const refused = clients.filter((client) => /held polls open|somebody in|HTTP\/1\.1 429/.test(client.text()))
  expect(refused.map((client) => client.text())).toEqual([])
  return clients
}
