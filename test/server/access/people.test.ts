/** Tests of names, sessions and presence: nobody can publish, type, leave or be present under another person's name. */
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect as connectTcp, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { readRoster } from '../../../server/access/roster.ts'
import { createSessions } from '../../../server/access/sessions.ts'
import { createTickets } from '../../../server/access/tickets.ts'
import { get, raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PASSWORD = 'four-wires-and-a-class'
const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'
const auth = { password: PASSWORD }

async function signIn({ origin }: Pick<Served, 'origin'>, user: string, more: object = {}, headers = {}) {
  const response = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ user, password: PASSWORD, as: 'token', ...more }),
  })
  return { status: response.status, ...(await response.json()) }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

interface Heard {
  readonly type: string
  readonly code?: string
  readonly user?: string
  readonly text?: string
}

async function open({ port }: Served, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  onTestFinished(() => socket.terminate())
  const heard: Heard[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  const closed = once(socket, 'close')
  await once(socket, 'open')
  return { socket, heard, closed, say: (message: object) => socket.send(JSON.stringify(message)) }
}

const presence = async ({ origin }: Served, token: string) =>
  (await fetch(`${origin}/feed/lobby/presence`, { headers: bearer(token) })).json()

describe('signing in', () => {
  test.each(['Ada', 'ADA', 'ada', ' Ada ', 'Ａｄａ'])(
    'under the name "%s" is refused while Ada is signed in',
    async (name) => {
      await using server = await serve({ auth })
      expect((await signIn(server, 'Ada')).status).toBe(200)
      expect(await signIn(server, name)).toMatchObject({ status: 409, code: 'name-taken' })
    },
  )

  test.each([
    ['a zero-width space', 'A\u200bda'],
    ['a null character', 'A\u0000da'],
    ['a right-to-left override', 'A\u202eda'],
    ['a terminal’s escape sequence', '\u001b[31mAda'],
    ['a line break', 'Ada\nEve'],
    ['a byte order mark', 'Ada\ufeff'],
    ['a soft hyphen', 'A\u00adda'],
    ['a Hangul filler', '\u3164'],
    ['a lone surrogate', 'Ada\ud800'],
    ['nothing but spaces', '   '],
    ['nothing', ''],
    ['65 characters', 'x'.repeat(65)],
  ])('under a name that contains %s is refused', async (_what, name) => {
    await using server = await serve({ auth })
    expect(await signIn(server, name)).toMatchObject({ status: 400, code: 'bad-name' })
  })

  test.each([
    'Teacher',
    'TEACHER',
    'the teacher',
    'T e a c h e r',
    'Teacher!',
    '@teacher',
    'Teacher 1',
    '*** Teacher ***',
    'teach3r',
    'Tеacher',
    'Admin',
    'Instructor',
    'lnstructor',
    '|nstructor',
    'ADMlN',
    'Te@cher',
    'teach3r 1',
    'teaсhег',
    'ᴛᴇᴀᴄʜᴇʀ',
    'Adrnin',
    'Lehrerin',
    'учитель',
  ])('under the name "%s" is refused to everybody but the instructor', async (name) => {
    await using server = await serve({ auth, token: TOKEN })
    expect(await signIn(server, name)).toMatchObject({ status: 403, code: 'reserved-name' })
    expect(await signIn(server, name, {}, bearer(TOKEN))).toMatchObject({ status: 200 })
  })

  test.each(['Ada', 'José', 'Ольга', '李雷', 'Ada 🦊', 'Mary-Jane O’Neil', 'Herbert', 'Systa', 'Rooti'])(
    'under the name "%s" works, and the server returns the name in the Unicode form NFC',
    async (name) => {
      await using server = await serve({ auth })
      expect(await signIn(server, name.normalize('NFD'))).toMatchObject({ status: 200, user: name.normalize('NFC') })
    },
  )

  test('again within a session replaces the session, and the earlier token expires', async () => {
    await using server = await serve({ auth })
    const first = await signIn(server, 'Ada')
    const second = await signIn(server, 'Ada', {}, bearer(first.token))
    expect(second.status).toBe(200)
    expect((await fetch(`${server.origin}/feed/lobby/poll`, { headers: bearer(first.token) })).status).toBe(401)
    expect((await fetch(`${server.origin}/feed/lobby/poll`, { headers: bearer(second.token) })).status).toBe(200)
  })

  test('under a name works again after the person with that name has signed out', async () => {
    await using server = await serve({ auth })
    const { token } = await signIn(server, 'Ada')
    await fetch(`${server.origin}/session`, { method: 'DELETE', headers: bearer(token) })
    expect((await signIn(server, 'ada')).status).toBe(200)
  })
})

test('a person who signs in under a thousand names ends no session of a person who is present', async () => {
  const sessions = createSessions()
  const { session: here } = await sessions.begin({ user: 'Ada', isInstructor: false })
  sessions.onEnd(here, () => {})
  const tokens: string[] = []
  for (let i = 0; i < 1500; i++) tokens.push((await sessions.begin({ user: `u${i}`, isInstructor: false })).token)
  expect(here.isOver).toBe(false)
  expect(sessions.live()).toHaveLength(1000)
  expect(() => sessions.read(tokens[0] ?? '')).toThrow('is over')
  expect(sessions.read(tokens.at(-1) ?? '').user).toBe('u1499')
  sessions.stop()
})

test("the instructor's idle session does not end when a thousand other people sign in", async () => {
  const sessions = createSessions()
  const { token } = await sessions.begin({ user: '', isInstructor: true })
  for (let i = 0; i < 1500; i++) await sessions.begin({ user: `u${i}`, isInstructor: false })
  expect(sessions.read(token).isInstructor).toBe(true)
  sessions.stop()
})

test("the server gives a page of another origin no ticket for the instructor's session", async () => {
  const page = 'http://127.0.0.1:5000'
  await using server = await serve({ auth, token: TOKEN, allowOrigins: [page] })
  const ticketFor = async (session: { token: string }, headers: object) =>
    fetch(`${server.origin}/session/ticket`, { method: 'POST', headers: { ...bearer(session.token), ...headers } })
  const instructor = await signIn(server, '', { instructor: TOKEN })
  const refused = await ticketFor(instructor, { origin: page })
  expect([refused.status, (await refused.json()).code]).toEqual([403, 'wrong-origin'])
  expect((await ticketFor(instructor, { origin: server.origin })).status).toBe(201)
  expect((await ticketFor(await signIn(server, 'Ada'), { origin: page })).status).toBe(201)
})

test('a person who requests many tickets invalidates only their own earlier tickets', async () => {
  const sessions = createSessions()
  const tickets = createTickets(sessions)
  const { session: eve } = await sessions.begin({ user: 'Eve', isInstructor: false })
  const { session: ada } = await sessions.begin({ user: 'Ada', isInstructor: false })
  const adas = await tickets.issue(ada)
  const eves = await Promise.all(Array.from({ length: 10_000 }, () => tickets.issue(eve)))
  expect(await tickets.redeem(adas)).toBe(ada)
  expect(await tickets.redeem(eves.at(-1) ?? '')).toBe(eve)
  await expect(tickets.redeem(eves[0] ?? '')).rejects.toThrow('ticket')
  sessions.stop()
})

const STREAMS = ['/feed/lobby/ws', '/chat/ws', '/lab?room=lobby', '/ws'] as const

describe.each(['signing out', 'expiring'] as const)('%s', (how) => {
  const sessionMs = how === 'expiring' ? 1200 : 60_000

  async function end({ origin }: Served, token: string): Promise<void> {
    if (how === 'signing out') await fetch(`${origin}/session`, { method: 'DELETE', headers: bearer(token) })
  }

  test.each(STREAMS)('closes the WebSocket %s of the session within a second', async (path) => {
    await using server = await serve({ auth: { ...auth, sessionMs } })
    const { token } = await signIn(server, 'Ada')
    const { closed } = await open(server, `${path}${path.includes('?') ? '&' : '?'}token=${token}`)
    await end(server, token)
    expect((await closed)[0]).toBe(3000)
  })

  test.each(['/feed/lobby/sse', '/feed/lobby/stream', '/feed/lobby/long-poll?after=0&wait=25'])(
    'ends the open response of %s of the session within a second',
    async (path) => {
      await using server = await serve({ auth: { ...auth, sessionMs } })
      const { token } = await signIn(server, 'Ada')
      const answer = fetch(server.origin + path, { headers: bearer(token) }).then(
        (response) => response.text(),
        () => '',
      )
      await until('the server has the connection', async () => (await server.connections()) > 0)
      await end(server, token)
      await answer
    },
  )
})

test('after signing out, a client that ignores the close frame cannot publish over its WebSocket', async () => {
  await using server = await serve({ auth })
  const [ada, ben] = [await signIn(server, 'Ada'), await signIn(server, 'Ben')]
  const reader = await open(server, `/feed/lobby/ws?token=${ben.token}`)
  const socket = connectTcp(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(handshake(`/feed/lobby/ws?token=${ada.token}`))
  await once(socket, 'data')
  await fetch(`${server.origin}/session`, { method: 'DELETE', headers: bearer(ada.token) })
  socket.write(frame('{"type":"message","user":"Ada","text":"too late"}'))
  await once(socket, 'close')
  const body = JSON.stringify({ user: 'Ben', text: 'in time' })
  await fetch(`${server.origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(ben.token) },
    body,
  })
  await until('the later message has reached the reader', () => reader.heard.some(({ text }) => text === 'in time'))
  expect(reader.heard.filter(({ text }) => text === 'too late')).toEqual([])
})

describe('Eve, who has signed in under her own name, is refused', () => {
  async function eveAndAda() {
    const server = await serve({ auth })
    onTestFinished(() => server.close())
    const [eve, ada] = [await signIn(server, 'Eve'), await signIn(server, 'Ada')]
    const adas = await open(server, `/feed/lobby/ws?token=${ada.token}&user=Ada`)
    await until('Ada is present', async () => (await presence(server, ada.token)).people === 1)
    const isAdaHere = async () =>
      (await presence(server, ada.token)).here.map(({ userId }: { userId: string }) => userId)
    return { server, eve, adas, isAdaHere }
  }

  test('presence under the name Ben over a WebSocket whose first message is her token', async () => {
    const { server, eve, isAdaHere } = await eveAndAda()
    const { say, closed, heard } = await open(server, '/feed/lobby/ws?auth=message&user=Ben')
    say({ type: 'auth', token: eve.token })
    expect((await closed)[0]).toBe(3000)
    expect(heard).toMatchObject([{ type: 'error', code: 'wrong-user' }])
    expect(await isAdaHere()).toEqual(['Ada'])
  })

  test('presence under a name that she puts into the fragment of the URL', async () => {
    const { server, eve, isAdaHere } = await eveAndAda()
    const fields = `Authorization: Bearer ${eve.token}\r\n`
    await using stream = raw(server.port, get('/feed/lobby/sse#user=Ben', fields))
    await until('the response has begun', () => stream.text().includes('\r\n'))
    expect(stream.text()).toMatch(/^HTTP\/1\.1 400 /)
    expect(await isAdaHere()).toEqual(['Ada'])
  })

  test("presence in the lab under Ada's user id, whatever name she adds", async () => {
    const { server, eve } = await eveAndAda()
    const { say, heard } = await open(server, `/lab?room=lobby&token=${eve.token}`)
    for (const name of ['Eve', 'Ada']) say({ type: 'here', userId: 'Ada', name })
    await until('both messages are refused', () => heard.filter(({ code }) => code === 'wrong-user').length === 2)
  })

  test.each(['leave', 'typing'])('the request %s in Ada’s name over HTTP', async (act) => {
    const { server, eve, isAdaHere } = await eveAndAda()
    const response = await fetch(`${server.origin}/feed/lobby/${act}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(eve.token) },
      body: '{"user":"Ada"}',
    })
    expect([response.status, (await response.json()).code]).toEqual([403, 'wrong-user'])
    expect(await isAdaHere()).toEqual(['Ada'])
  })

  test('joining a room, a chat message and a change of a board in Ada’s name', async () => {
    const { server, eve } = await eveAndAda()
    const feed = await open(server, `/ws?token=${eve.token}`)
    feed.say({ type: 'join', room: 'lobby', user: 'Ada' })
    feed.say({ type: 'join', room: 'lobby', name: 'Ada' })
    await until(
      'the join and the change are refused',
      () => feed.heard.filter(({ code }) => code === 'wrong-user').length === 2,
    )
    const chat = await open(server, `/chat/ws?token=${eve.token}`)
    chat.say({ username: 'Ada', message: 'hello' })
    await until('the chat message is refused', () => chat.heard.some(({ code }) => code === 'wrong-user'))
    const board = await fetch(`${server.origin}/boards/b`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(eve.token) },
      body: '{"user":"Ada","type":"list_created","list":{"title":"mine"}}',
    })
    expect((await board.json()).code).toBe('wrong-user')
  })
})

test('if signing in is off, nobody can end the presence of another person who is still connected', async () => {
  await using server = await serve()
  const { socket } = await open(server, '/feed/lobby/ws?user=Ada')
  const here = async () => (await (await fetch(`${server.origin}/feed/lobby/presence`)).json()).people
  await until('Ada is present', async () => (await here()) === 1)
  const leave = () =>
    fetch(`${server.origin}/feed/lobby/leave`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"user":"Ada"}',
    })
  expect((await leave()).status).toBe(204)
  const watcher = await open(server, '/lab?room=lobby')
  watcher.say({ type: 'here', userId: 'ben', name: 'Ben' })
  // The events that show Ben's arrival would also show Ada's departure.
  await until('Ben is also present', async () => (await here()) === 2)
  watcher.socket.terminate()
  socket.close()
  await once(socket, 'close')
  // Ada sent her leave before. Now her last connection is closed, so the server does not wait for her return.
  await until('only Ben is present', async () => (await here()) === 1)
})

describe('on a shared server', () => {
  test('wrong tokens through a proxy that was not declared do not lock out other clients on the same connection', async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const claim = async (instructor: string, from: string): Promise<number | undefined> => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': from }
      const asked = httpRequest(`${server.origin}/session`, { method: 'POST', agent, headers })
      asked.end(JSON.stringify({ instructor }))
      const [response] = await once(asked, 'response')
      response.resume()
      await once(response, 'end')
      return response.statusCode
    }
    for (let i = 0; i < 11; i++) expect(await claim('wrong', '192.0.2.1')).toBeLessThan(500)
    expect(await claim(TOKEN, '192.0.2.2')).toBe(200)
  })

  test('only the instructor can publish under the name "Teacher", even if signing in is off', async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    const publish = (headers: Record<string, string>) =>
      fetch(`${server.origin}/feed/lobby`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"user":"Teacher","text":"no homework"}',
      })
    expect(await (await publish({})).json()).toMatchObject({ status: 403, code: 'reserved-name' })
    expect((await publish(bearer(TOKEN))).status).toBe(201)
  })

  test.each(['GET /metrics', 'GET /lab/lanes', 'PUT /lab/settings', 'POST /lab/cut', 'POST /lab/restart'])(
    '%s through a TCP relay on the server’s machine needs the instructor’s token, even with the Host "localhost"',
    async (route) => {
      await using server = await serve({ isShared: true, token: TOKEN })
      const relay = await relayTo(server.port)
      const [method = '', path = ''] = route.split(' ')
      const { statusCode } = await request(relay, method, path, 'localhost')
      expect(statusCode).toBe(403)
    },
  )

  test("a person who sends the instructor's token gets a session cookie that works on the instructor's routes", async () => {
    await using server = await serve({ isShared: true, token: TOKEN })
    const post = (body: object) =>
      fetch(`${server.origin}/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect((await post({ instructor: 'wrong' })).status).toBe(403)
    const response = await post({ instructor: TOKEN })
    expect(await response.json()).toMatchObject({ instructor: true, user: null })
    const cookie = String(response.headers.get('set-cookie')).replace(/;.*/, '')
    expect((await fetch(`${server.origin}/lab/lanes`, { headers: { cookie } })).status).toBe(200)
    expect((await fetch(`${server.origin}/lab/lanes`)).status).toBe(403)
  })
})

describe('a roster', () => {
  const roster = readRoster(
    '\ufeffname,code\r\nAda,k7f2-9xqm\r\n# a comment\r\n"Lovelace, Augusta",aaaa-bbbb\r\n',
    'class.csv',
  )

  test('lets no student end the session of an instructor who uses a name of the roster', async () => {
    await using server = await serve({ auth: { roster }, token: TOKEN })
    const instructor = await signIn(server, 'Ada', { instructor: TOKEN })
    expect(await signIn(server, 'Ada', { password: 'k7f2-9xqm' })).toMatchObject({ code: 'name-taken' })
    expect((await fetch(`${server.origin}/moderation`, { headers: bearer(instructor.token) })).status).toBe(200)
  })

  test('lets each person sign in with their own code, even several times', async () => {
    await using server = await serve({ auth: { roster } })
    expect(await signIn(server, 'Ada', { password: 'wrong-code' })).toMatchObject({ code: 'wrong-password' })
    expect(await signIn(server, 'Ada', { password: 'aaaa-bbbb' })).toMatchObject({ code: 'wrong-password' })
    expect(await signIn(server, 'Eve', { password: 'k7f2-9xqm' })).toMatchObject({ code: 'wrong-password' })
    const first = await signIn(server, 'ada', { password: 'K7F2 9XQM' })
    expect(first).toMatchObject({ status: 200, user: 'Ada' })
    const second = await signIn(server, 'Ada', { password: 'k7f29xqm' })
    expect(second.status).toBe(200)
    expect((await fetch(`${server.origin}/feed/lobby/poll`, { headers: bearer(first.token) })).status).toBe(401)
    expect((await signIn(server, 'Lovelace, Augusta', { password: 'aaaabbbb' })).status).toBe(200)
  })

  test.each([
    ['Ada', 'class.csv, line 1 has no comma'],
    ['Ada,123', 'class.csv, line 1: the code of Ada has 3 letters'],
    ['Ada,k7f2-9xqm\nBen,k7f2-aaaa\nADA,k7f2-bbbb', 'class.csv, line 3: the name ADA is already in line 1'],
    ['A\u200bda,k7f2-9xqm', 'class.csv, line 1: The name'],
    ['', 'class.csv has no names'],
  ])('that contains %j is refused with an error that names the line', (text, message) => {
    expect(() => readRoster(text, 'class.csv')).toThrow(message)
  })
})

async function relayTo(port: number): Promise<number> {
  const sockets = new Set<Socket>()
  const relay = createServer((from) => {
    const to = connectTcp(port, '127.0.0.1')
    for (const socket of [from, to]) sockets.add(socket.on('error', () => {}))
    from.pipe(to).pipe(from)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    relay.close()
  })
  return (relay.address() as AddressInfo).port
}

async function request(port: number, method: string, path: string, host: string): Promise<{ statusCode: number }> {
  const socket = connectTcp(port, '127.0.0.1')
  const body = method === 'GET' ? '' : '{}'
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const [first] = await once(socket, 'data')
  socket.destroy()
  return { statusCode: Number(String(first).split(' ')[1]) }
}

const handshake = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

/** Returns a masked text frame whose mask is 0. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}
