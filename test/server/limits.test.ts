import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { LIMITS } from '../../server/limits.ts'
import { get, post, raw, statusOf } from '../raw.ts'
import type { Raw } from '../raw.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { until } from '../until.ts'

const HELD_PATHS = ['/feed/lobby/long-poll?after=0&wait=30', '/feed/lobby/sse', '/feed/lobby/ws']
const HELLO = { user: 'Ada', text: 'hello' }
const NO_RATES = { messagesPerSecondPerAddress: Infinity, messagesPerSecondPerClient: Infinity }

const named = (path: string, page: string) => `${path}${path.includes('?') ? '&' : '?'}lane=${page}.lane`

function open(url: string, origin: string): WebSocket {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${url}`)
  onTestFinished(() => socket.terminate())
  return socket
}

test('hangs up on a connection too many, and lets the next in when one has gone', async () => {
  await using server = await serve({ limits: { connectionsPerAddress: 2 } })
  const ask = async () => {
    const client = raw(server.port, get('/health'))
    await Promise.race([once(client.socket, 'data'), once(client.socket, 'close')])
    return client
  }
  const clients = [await ask(), await ask(), await ask()]
  expect(clients.map((client) => statusOf(client.text()))).toEqual([200, 200, NaN])
  await clients[0]?.close()
  await until('the next gets in', async () => {
    const next = await ask()
    await next.close()
    return statusOf(next.text()) === 200
  })
  await Promise.all(clients.map((client) => client.close()))
})

describe('a stream or held poll too many', () => {
  const limits = { ...NO_RATES, heldPerClient: 3, heldPerAddress: 5 }

  test.each([
    ['of one client', 3, (path: string) => named(path, 'a')],
    ['of one address', 5, (path: string, i: number) => named(path, `page-${i}`)],
  ])('%s is told to come back, each in its own way, and gets in when one has left', async (_whose, most, lane) => {
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

    // Whoever asks shortly is let in all the same.
    const short = await raw(server.port, get(lane('/feed/lobby/poll?after=0', 98), 'Connection: close\r\n')).closed()
    expect(statusOf(short)).toBe(204)

    await held[0]?.close()
    await until('a place is free', async () => {
      const next = raw(server.port, get(lane('/feed/lobby/sse', 0)))
      await until('it is answered', () => next.text().includes('\n\n'))
      await next.close()
      return !next.text().includes('held polls open')
    })
    await Promise.all(held.map((client) => client.close()))
  })

  test('is one that is pipelined as well', async () => {
    await using server = await serve({ limits })
    const path = '/feed/lobby/long-poll?after=0&wait=0.3'
    const client = raw(server.port, get(path).repeat(4) + get(path, 'Connection: close\r\n'))
    const statuses = Array.from((await client.closed()).matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status))
    expect(statuses.toSorted()).toEqual([204, 204, 204, 429, 429])
  })
})

test('who asks on and on without waiting for an answer is hung up on with no answer at all', async () => {
  await using server = await serve()
  const modest = raw(server.port, get('/health').repeat(15) + get('/health', 'Connection: close\r\n'))
  expect((await modest.closed()).match(/HTTP\/1\.1 200/g)).toHaveLength(16)
  const answer = await raw(server.port, get('/health').repeat(1000)).closed()
  expect(answer.match(/HTTP\/1\.1 200/g) ?? []).toHaveLength(0)
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('a class of two hundred fits behind one address: three held lanes and a message each, at once', async () => {
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

describe('messages', () => {
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

  test('that come faster than a client may send are refused by 429, whichever connection and lane they come over', async () => {
    await using server = await serve({ limits })
    const answers = await Promise.all(
      Array.from({ length: 15 }, (_, i) => publish(server, `lobby?lane=page.${['sse', 'ws', 'poll'][i % 3]}`)),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(10)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]).toMatchObject({ retryAfter: '1', problem: { code: 'too-many-messages' } })
    // Nobody else is meant, and nobody else is disturbed.
    expect(await publish(server, 'lobby?lane=other.sse')).toMatchObject({ status: 201 })
    const socket = open('/feed/lobby/ws?after=0', server.origin)
    let events = 0
    socket.on('message', (data) => (events += String(data).includes('"hello"') ? 1 : 0))
    const accepted = answers.length - refused.length + 1
    await until('what was accepted was published, and no more', () => events === accepted)
  })

  test('of who names no lane are those of its connection', async () => {
    await using server = await serve({ limits })
    const client = raw(server.port, post('lobby', HELLO).repeat(12) + post('lobby', HELLO, 'Connection: close\r\n'))
    const statuses = (await client.closed()).match(/HTTP\/1\.1 (201|429)/g) ?? []
    expect(statuses).toHaveLength(13)
    expect(statuses).toContain('HTTP/1.1 429')
    expect(await publish(server, 'lobby')).toMatchObject({ status: 201 })
  })

  test('of a whole address are bounded as well, whatever names it gives', async () => {
    await using server = await serve({ limits })
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => publish(server, `lobby?lane=page-${i}.sse`)))
    expect(answers.map(({ status }) => status)).toContain(429)
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(40)
  })

  test('over WebSocket count in the same measure: an error each, and who floods is closed with 1008', async () => {
    await using server = await serve({ limits })
    const socket = open('/feed/lobby/ws?lane=page.ws', server.origin)
    const messages: { type: string; code?: string }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(socket, 'open')
    const closed = once(socket, 'close')
    const say = () => socket.send(JSON.stringify({ type: 'message', ...HELLO }))
    for (let i = 0; i < 20; i++) say()
    await until('one is refused', () => messages.some(({ code }) => code === 'too-many-messages'))
    expect(await publish(server, 'lobby?lane=page.sse')).toMatchObject({ status: 429 })
    expect(socket.readyState).toBe(WebSocket.OPEN)
    for (let i = 0; i < 300; i++) socket.send('{"type":"typing"}')
    const [code, reason] = await closed
    expect([code, String(reason)]).toEqual([1008, 'too many messages'])
  })
})

describe('a room too many', () => {
  const limits = { ...NO_RATES, rooms: 3, roomsPerConnection: 2 }

  test('to publish in is refused by 429; those that are there go on, and reading makes none', async () => {
    await using server = await serve({ limits })
    for (let i = 0; i < 10; i++) await fetch(`${server.origin}/feed/read-${i}/poll?after=0`)
    for (const room of ['a', 'b', 'c']) await server.publish('hello', room)
    const answer = await raw(server.port, post('d', HELLO, 'Connection: close\r\n')).closed()
    expect(statusOf(answer)).toBe(429)
    expect(answer).toMatch(/^retry-after: 60$/im)
    expect(answer).toMatch(/"code":"too-many-rooms"/)
    await server.publish('again', 'a')
  })

  test('to be in is refused in each transport\u2019s way, and is there when another is empty', async () => {
    await using server = await serve({ limits })
    const held = await hold(server, 3, (i) => `/feed/room-${i}/sse`)
    expect(statusOf(await raw(server.port, get('/feed/d/long-poll?after=0', 'Connection: close\r\n')).closed())).toBe(
      429,
    )
    const stream = raw(server.port, get('/feed/d/sse'))
    await until('the stream has ended', () => stream.text().endsWith('\r\n0\r\n\r\n'))
    expect(stream.text()).toMatch(/: There is somebody in 3 rooms already\.\nretry: /)
    await stream.close()
    const [code, reason] = await once(open('/feed/d/ws', server.origin), 'close')
    expect([code, String(reason)]).toEqual([1013, 'There is somebody in 3 rooms already.'])
    await held[0]?.close()
    await until('its place is free', async () => {
      const socket = open('/feed/d/ws', server.origin)
      await once(socket, 'message')
      const left = once(socket, 'close')
      socket.close(1000)
      return (await left)[0] === 1000
    })
    await Promise.all(held.map((client) => client.close()))
  })

  test('for one WebSocket is refused, and leaving one makes room', async () => {
    await using server = await serve({ limits })
    const socket = open('/', server.origin)
    const messages: { type: string; code?: string }[] = []
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(socket, 'open')
    const say = (type: string, room: string) => socket.send(JSON.stringify({ type, room }))
    for (const room of ['a', 'b', 'c']) say('join', room)
    say('leave', 'a')
    say('join', 'c')
    await until('all is answered', () => messages.length === 6)
    expect(messages.map(({ type, code }) => code ?? type)).toEqual([
      'connected',
      'joined',
      'joined',
      'too-many-rooms',
      'left',
      'joined',
    ])
  })
})

test('without limits nothing is counted, and sizes are what they were', async () => {
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

describe('lengths', () => {
  // One code point of two UTF-16 units and four bytes.
  const GLYPH = '🜁'

  test.each([
    ['a name of 64 code points', { user: GLYPH.repeat(64), text: 'x' }, 201],
    ['a name of 65', { user: GLYPH.repeat(65), text: 'x' }, 400],
    ['a text of 4,000 code points', { user: 'Ada', text: GLYPH.repeat(4000) }, 201],
    ['a text of 4,001', { user: 'Ada', text: 'x'.repeat(4001) }, 400],
    ['a body of more than 16 KiB', { user: 'Ada', text: GLYPH.repeat(4100) }, 413],
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
    ['and says nothing at all', '', ''],
  ])('%s ends in 408', async (_where, begin, drip) => {
    await using server = await serve({ times })
    const client = raw(server.port, begin)
    const dripping = setInterval(() => client.socket.write(drip), 20)
    const answer = await client.closed()
    clearInterval(dripping)
    expect(statusOf(answer)).toBe(408)
    expect(answer).toMatch(/application\/problem\+json[^]*"code":"timeout"/)
  })

  test('is no poll that is held for longer than all of these', async () => {
    await using server = await serve({ times })
    const answer = await raw(server.port, get('/feed/lobby/long-poll?after=0&wait=1', 'Connection: close\r\n')).closed()
    expect(statusOf(answer)).toBe(204)
  })
})

test('a connection is given back whatever becomes of it', async () => {
  await using server = await serve({ limits: { connectionsPerAddress: 3 } })
  for (let i = 0; i < 20; i++) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    if (i % 2 === 0) socket.resetAndDestroy()
    else socket.destroy()
    await once(socket, 'close')
    await until('the server has noticed', async () => (await server.connections()) === 0)
  }
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

/** Clients that are all held, once they are. */
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
