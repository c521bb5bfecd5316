/**
 * Tests of repeated polls. From the third equal poll of a connection on, Node's parser gets no bytes, so the number of
 * requests that Node has emitted shows which way a poll went.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { LogUnavailable } from '../../../server/feed/log.ts'
import type { Lanes } from '../../../server/protocol/wire.ts'
import { get, raw, statusOf, upgrade } from '../../raw.ts'
import { NO_RATES, serve } from '../../serve.ts'
import type { ServeOptions, Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PASSWORD = 'four-wires-and-a-class'
const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'

interface Client {
  /** Sends these bytes, and resolves with the next complete response. */
  ask(bytes: string): Promise<string>
  send(bytes: string): void
  /** Resolves with the next complete response. */
  next(): Promise<string>
  closed(): Promise<string>
  text(): string
  readonly sentBytes: number
  readonly receivedBytes: number
}

function dial({ port }: Served): Client {
  const client = raw(port, '')
  onTestFinished(() => client.close())
  let read = 0
  const send = (bytes: string): void => void client.socket.write(bytes, 'latin1')
  const next = (): Promise<string> =>
    until('the response is complete', () => {
      const text = client.text().slice(read)
      const headEnd = text.indexOf('\r\n\r\n') + 4
      const end = headEnd + Number(/^content-length: (\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? 0)
      if (headEnd < 4 || text.length < end) return null
      read += end
      return text.slice(0, end)
    })
  return {
    send,
    next,
    ask(bytes) {
      send(bytes)
      return next()
    },
    closed: () => client.closed(),
    text: () => client.text(),
    get sentBytes() {
      return client.socket.bytesWritten
    },
    get receivedBytes() {
      return client.text().length
    },
  }
}

/** Starts a server with one message. It counts the requests that Node's parser has emitted. */
async function served(options: ServeOptions = {}) {
  const server = await serve({ token: TOKEN, ...options })
  onTestFinished(() => server.close())
  const headers = options.auth ? bearer((await signIn(server)).token) : { host: 'localhost' }
  await server.app.inject({ method: 'POST', url: '/feed/lobby', headers, payload: { user: 'Ada', text: 'hello' } })
  if (options.auth) await server.app.inject({ method: 'DELETE', url: '/session', headers })
  let parsed = 0
  server.app.server.on('request', () => (parsed += 1))
  return { server, parsed: () => parsed }
}

async function endOf(server: Served, room = 'lobby'): Promise<string> {
  const { payload } = await server.app.inject({ url: `/feed/${room}/poll`, headers: { host: 'localhost' } })
  return JSON.parse(payload).cursor
}

const shortPoll = (after: string, more = '', query = ''): string => get(`/feed/lobby/poll?after=${after}${query}`, more)
const longPoll = (after: string, more = '', query = ''): string =>
  get(`/feed/lobby/long-poll?after=${after}&wait=20${query}`, more)

/** Sends two polls that Node parses. The next equal poll of the client is a repeated poll. */
async function warmUp(client: Client, poll: string): Promise<void> {
  await client.ask(poll)
  await client.ask(poll)
}

const withoutDate = (response: string): string => response.replace(/^Date: .*\r\n/m, '')
const cursorIn = (response: string): string => /"cursor":"([^"]*)"/.exec(response)?.[1] ?? ''

test.each([
  ['that sends no Connection field', ''],
  ['that sends Connection: keep-alive, as browsers do', 'Connection: keep-alive\r\n'],
])('Node parses the first two equal polls of a client %s, and none of the further ones', async (_what, field) => {
  const { server, parsed } = await served()
  const client = dial(server)
  const poll = shortPoll(await endOf(server), field)
  const before = parsed()
  for (let i = 0; i < 5; i++) expect(statusOf(await client.ask(poll))).toBe(204)
  expect(parsed() - before).toBe(2)
})

test.each([
  ['an empty short poll', shortPoll, false],
  ['a short poll with events', shortPoll, true],
  ['a long poll with events', longPoll, true],
] as const)('the response to %s has the same bytes if the poll is repeated', async (_what, poll, hasEvents) => {
  const { server } = await served({ allowOrigins: ['https://guest.example'] })
  const client = dial(server)
  const bytes = poll(hasEvents ? '0' : await endOf(server), 'Origin: https://guest.example\r\n')
  const answers = [await client.ask(bytes), await client.ask(bytes), await client.ask(bytes)].map(withoutDate)
  expect(new Set(answers).size).toBe(1)
  expect(statusOf(answers[0] ?? '')).toBe(hasEvents ? 200 : 204)
})

test('a held repeated poll gets the next event, and the client continues at its cursor', async () => {
  const { server, parsed } = await served()
  const client = dial(server)
  let cursor = cursorIn(await client.ask(longPoll('0')))
  const texts: string[] = []
  for (let i = 1; i <= 5; i++) {
    const received = client.ask(longPoll(cursor))
    await server.publish(String(i))
    const answer = await received
    texts.push(/"text":"(\d)"/.exec(answer)?.[1] ?? '')
    cursor = cursorIn(answer)
  }
  expect(texts).toEqual(['1', '2', '3', '4', '5'])
  // Two polls and five publishes.
  expect(parsed()).toBe(7)
})

test('a held repeated poll ends with 204 when its wait is over', async () => {
  const { server } = await served()
  const client = dial(server)
  const poll = get(`/feed/lobby/long-poll?after=${await endOf(server)}&wait=0.05`)
  await warmUp(client, poll)
  const answer = await client.ask(poll)
  expect(statusOf(answer)).toBe(204)
  expect(answer).toContain('preference-applied: wait=0.05\r\n')
})

describe('the server refuses a repeated poll', () => {
  test('if its session has ended since the last poll', async () => {
    const { server } = await served({ auth: { password: PASSWORD } })
    const { token, cookie } = await signIn(server)
    const client = dial(server)
    const poll = shortPoll('0', cookie)
    await warmUp(client, poll)
    expect(statusOf(await client.ask(poll))).toBe(200)
    await server.app.inject({ method: 'DELETE', url: '/session', headers: bearer(token) })
    const answer = await client.ask(poll)
    expect([statusOf(answer), answer]).toEqual([401, expect.stringContaining('session-expired')])
  })

  test('if its session has ended and the poll is held', async () => {
    const { server } = await served({ auth: { password: PASSWORD } })
    const { token, cookie } = await signIn(server)
    const client = dial(server)
    await warmUp(client, longPoll('0', cookie))
    const answer = await client.ask(longPoll('0', cookie))
    client.send(longPoll(cursorIn(answer), cookie))
    await until('the poll is held', () => held(server, 1))
    await server.app.inject({ method: 'DELETE', url: '/session', headers: bearer(token) })
    expect((await client.closed()).endsWith(answer.slice(-50))).toBe(true)
  })

  test('if its cookie has changed', async () => {
    const { server } = await served({ auth: { password: PASSWORD } })
    const { cookie } = await signIn(server)
    const client = dial(server)
    await warmUp(client, shortPoll('0', cookie))
    expect(statusOf(await client.ask(shortPoll('0', cookie.replace(/.{5}\r\n$/, 'AAAAA\r\n'))))).toBe(401)
    expect(statusOf(await client.ask(shortPoll('0')))).toBe(401)
    expect(statusOf(await client.ask(shortPoll('0', cookie)))).toBe(200)
  })

  test('if another person, behind the same proxy connection, has sent the poll that the server has answered', async () => {
    const { server, parsed } = await served({ auth: { password: PASSWORD } })
    const { cookie } = await signIn(server)
    const client = dial(server)
    const end = await client.ask(shortPoll('0', cookie)).then(cursorIn)
    const stranger = longPoll(end, 'Cookie: fourwire-session=AAAAA\r\n')
    client.send(longPoll(end, cookie))
    await until('the poll is held', () => held(server, 1))
    // The bytes of this poll are the latest when the server answers the held poll, which has the same address.
    const before = parsed()
    client.send(stranger)
    await until('the second poll has arrived', () => parsed() > before)
    await server.app.inject({
      method: 'POST',
      url: '/feed/lobby',
      headers: bearer((await signIn(server, 'Ben')).token),
      payload: { user: 'Ben', text: 'again' },
    })
    expect([statusOf(await client.next()), statusOf(await client.next())]).toEqual([200, 401])
    expect(statusOf(await client.ask(stranger))).toBe(401)
  })

  test('if the instructor has removed its person', async () => {
    const { server } = await served()
    const client = dial(server)
    const poll = shortPoll('0', '', '&user=Ben')
    await warmUp(client, poll)
    expect(statusOf(await client.ask(poll))).toBe(200)
    await server.app.inject({
      method: 'PUT',
      url: '/moderation/people/Ben',
      headers: { host: 'localhost' },
      payload: { is: 'removed' },
    })
    const answer = await client.ask(poll)
    expect([statusOf(answer), answer]).toEqual([403, expect.stringContaining('removed-person')])
  })

  test('if all places for held polls are taken', async () => {
    const { server } = await served({ limits: { ...NO_RATES, heldPerClient: 1 } })
    const [client, other] = [dial(server), dial(server)]
    const end = await endOf(server)
    const lane = '&lane=page.long-poll'
    await warmUp(client, longPoll('0', '', lane))
    other.send(longPoll(end, '', lane))
    await until('the poll of the other connection is held', () => held(server, 1))
    const answer = await client.ask(longPoll(end, '', lane))
    expect([statusOf(answer), answer]).toEqual([429, expect.stringContaining('too-many-streams')])
  })

  test('if the cursor is not a cursor', async () => {
    const { server } = await served()
    const client = dial(server)
    await warmUp(client, shortPoll('0'))
    expect(statusOf(await client.ask(shortPoll('x%20y')))).toBe(400)
    expect(statusOf(await client.ask(shortPoll('0&after=0')))).toBe(400)
  })

  test('if the log cannot be read', async () => {
    const log = memoryLog()
    let isBroken = false
    const extent = (room: string) =>
      isBroken ? Promise.reject(new LogUnavailable('The disk is gone.')) : log.extent(room)
    const { server } = await served({ log: { ...log, extent } })
    const client = dial(server)
    await warmUp(client, shortPoll('0'))
    isBroken = true
    const answer = await client.ask(shortPoll('0'))
    expect([statusOf(answer), answer]).toEqual([503, expect.stringContaining('log-unavailable')])
    isBroken = false
  })
})

test('the client waits for its share after its repeated polls have used up the limit of its connection', async () => {
  const { server, parsed } = await served({ limits: { costPerSecondPerConnection: 5, costPerSecondPerAddress: 1 } })
  const client = dial(server)
  const poll = shortPoll(await endOf(server))
  await warmUp(client, poll)
  const before = parsed()
  // The share of the connection is used up after a few polls. Then Fastify makes the poll wait, and no poll fails.
  let polls = 0
  while (parsed() === before) {
    expect(statusOf(await client.ask(poll))).toBe(204)
    polls += 1
    expect(polls).toBeLessThan(100)
  }
})

test('a repeated poll for a room whose events were deleted reports a gap', async () => {
  const log = memoryLog()
  const { server } = await served({ log })
  const first = await endOf(server)
  await server.publish('again')
  const client = dial(server)
  await warmUp(client, shortPoll(first))
  expect(await client.ask(shortPoll(first))).toContain('"again"')
  await log.clear?.('lobby')
  expect(await client.ask(shortPoll(first))).toContain('"gap":true')
})

describe('a request that is not exactly a repetition goes through Node', () => {
  const poll = shortPoll('0')
  test.each([
    ['HEAD', poll.replace('GET', 'HEAD'), 200],
    ['HTTP/1.0', poll.replace('HTTP/1.1', 'HTTP/1.0'), 200],
    ['another Host', poll.replace('localhost', 'localhost:80'), 200],
    ['another room', poll.replace('lobby', 'other'), 204],
    ['another field', shortPoll('0', 'X-Field: 1\r\n'), 200],
    ['Connection: close', shortPoll('0', 'Connection: close\r\n'), 200],
    ['an expectation', shortPoll('0', 'Expect: 100-continue\r\n'), 100],
    ['a body', `${shortPoll('0', 'Content-Type: application/json\r\nContent-Length: 2\r\n')}{}`, 200],
    ['a forbidden origin', shortPoll('0', 'Origin: https://evil.example\r\n'), 403],
    ['a malformed head', 'GARBAGE\r\n\r\n', 400],
  ])('%s', async (_what, other, status) => {
    const { server, parsed } = await served()
    const client = dial(server)
    await warmUp(client, poll)
    await client.ask(poll)
    const before = parsed()
    const { length } = client.text()
    client.send(other)
    const answer = await until('the head of the response has arrived', () => client.text().slice(length))
    expect(statusOf(answer)).toBe(status)
    if (status !== 400) expect(parsed() - before).toBe(1)
  })

  test.each([1, 30, poll.length - 1])('a head in two segments, divided at byte %i', async (at) => {
    const { server, parsed } = await served()
    const client = dial(server)
    await warmUp(client, poll)
    const before = parsed()
    client.send(poll.slice(0, at))
    // The answer to another connection shows that the server has got the first segment.
    await dial(server).ask(poll)
    expect(statusOf(await client.ask(poll.slice(at)))).toBe(200)
    expect(parsed() - before).toBe(2)
  })

  test('a body that looks like a poll is not a poll', async () => {
    const { server, parsed } = await served()
    const client = dial(server)
    const outer = shortPoll('0', `Content-Type: application/json\r\nContent-Length: ${poll.length}\r\n`)
    await warmUp(client, poll)
    for (let i = 0; i < 3; i++) {
      client.send(outer)
      await client.ask(poll)
    }
    const before = parsed()
    expect(statusOf(await client.ask(shortPoll('0')))).toBe(200)
    expect(parsed() - before).toBe(1)
  })

  test('a WebSocket on a connection that has polled', async () => {
    const { server, parsed } = await served()
    const client = dial(server)
    await warmUp(client, poll)
    await client.ask(poll)
    expect(statusOf(await client.ask(upgrade('/feed/lobby/ws')))).toBe(101)
    client.send('\x81\x8f\0\0\0\0{"type":"ping"}')
    await until('the server has answered the ping', () => client.text().includes('{"type":"pong"}'))
    // Only the WebSocket gets these bytes. It answers that the text is no message.
    const before = parsed()
    client.send(`\x81${String.fromCharCode(0x80 + poll.length)}\0\0\0\0${poll}`)
    await until('the server has answered the text', () => client.text().includes('"bad-message"'))
    expect(parsed()).toBe(before)
  })

  test('a WebSocket on a connection that has polled sends nothing to the parser of a later connection', async () => {
    const { server } = await served()
    const client = dial(server)
    await warmUp(client, poll)
    expect(statusOf(await client.ask(upgrade('/feed/lobby/ws')))).toBe(101)
    // Node gives the parser of the WebSocket's connection to the next connection.
    const later = dial(server)
    later.send(poll.slice(0, 30))
    await dial(server).ask(poll)
    client.send('\x81\x8f\0\0\0\0{"type":"ping"}')
    await until('the server has answered the ping', () => client.text().includes('{"type":"pong"}'))
    expect(statusOf(await later.ask(poll.slice(30)))).toBe(200)
  })
})

test('two polls in one segment get their responses in order', async () => {
  const { server } = await served()
  const client = dial(server)
  await warmUp(client, shortPoll('0'))
  client.send(shortPoll('0') + shortPoll(await endOf(server)))
  expect([statusOf(await client.next()), statusOf(await client.next())]).toEqual([200, 204])
})

test('a request that arrives while a repeated poll is held is answered after the poll', async () => {
  const { server } = await served()
  const client = dial(server)
  const end = await endOf(server)
  await warmUp(client, longPoll('0'))
  client.send(longPoll(end))
  await until('the poll is held', () => held(server, 1))
  client.send(shortPoll(end))
  client.send(shortPoll('0'))
  await server.publish('again')
  const answers = [await client.next(), await client.next(), await client.next()]
  expect(answers.map((answer) => [...answer.matchAll(/"text":"(\w+)"/g)].map(([, text]) => text))).toEqual([
    ['again'],
    ['again'],
    ['hello', 'again'],
  ])
})

test('when the server closes, a held repeated poll ends with 204 and the connection closes', async () => {
  const { server } = await served()
  const client = dial(server)
  await warmUp(client, longPoll('0'))
  client.send(longPoll(await endOf(server)))
  await until('the poll is held', () => held(server, 1))
  await server.app.close()
  const answer = await client.next()
  expect(statusOf(answer)).toBe(204)
  expect(answer).toContain('connection: close\r\n')
  await client.closed()
})

test('when the conditions change, a held repeated poll ends and its connection closes', async () => {
  const { server } = await served()
  const client = dial(server)
  await warmUp(client, longPoll('0'))
  client.send(longPoll(await endOf(server)))
  await until('the poll is held', () => held(server, 1))
  await server.set({ conditions: { latencyMs: 1 } })
  expect(await client.next()).toContain('connection: close\r\n')
  await client.closed()
})

test('the places of a client are free again after it has left during a repeated poll', async () => {
  const { server } = await served()
  const client = raw(server.port, '')
  const end = await endOf(server)
  for (const cursor of ['0', '0']) {
    const { length } = client.text()
    client.socket.write(longPoll(cursor))
    await until('a response has arrived', () => client.text().length > length)
  }
  client.socket.write(longPoll(end))
  await until('the poll is held', () => held(server, 1))
  await client.close()
  await until('no poll is held', () => held(server, 0))
})

test('the meter counts exactly the bytes of repeated polls, also if a poll is handed over or aborted', async () => {
  const { server, parsed } = await served()
  const client = dial(server)
  const end = await endOf(server)
  const lane = '&lane=page.long-poll'
  const before = parsed()
  for (let i = 0; i < 4; i++) await client.ask(longPoll('0', '', lane))
  client.send(longPoll(end, '', lane))
  await until('the poll is held', () => held(server, 1))
  expect(parsed() - before).toBe(2)
  expect(await laneOf(server)).toEqual({ up: client.sentBytes, down: client.receivedBytes, requests: 5 })
  client.send(longPoll('0', '', lane))
  await server.publish('again')
  await client.next()
  await client.next()
  expect(await laneOf(server)).toEqual({ up: client.sentBytes, down: client.receivedBytes, requests: 6 })
})

const bearer = (token: string) => ({ host: 'localhost', authorization: `Bearer ${token}` })

async function signIn(server: Served, user = 'Ada'): Promise<{ token: string; cookie: string }> {
  const response = await server.app.inject({
    method: 'POST',
    url: '/session',
    headers: { host: 'localhost' },
    payload: { user, password: PASSWORD, as: 'token' },
  })
  const { token } = response.json()
  return { token, cookie: `Cookie: fourwire-session=${token}\r\n` }
}

async function laneOf(server: Served) {
  const response = await server.app.inject({ url: '/lab/lanes', headers: bearer(TOKEN) })
  const { lanes } = response.json<Lanes>()
  const lane = lanes.find(({ lane }) => lane === 'page.long-poll')
  return { up: lane?.bytesUp, down: lane?.bytesDown, requests: lane?.requests }
}

async function held(server: Served, count: number): Promise<boolean> {
  const { payload } = await server.app.inject({ url: '/metrics', headers: bearer(TOKEN) })
  return payload.includes(`fourwire_clients{transport="long-poll"} ${count}\n`)
}
