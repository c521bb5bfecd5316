/** Tests every transport with every kind of credentials, in every place of a request that can carry them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHmac, scryptSync } from 'node:crypto'
import { EventSource } from 'eventsource'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { sessionFile } from '../../../server/access/session-file.ts'
import { raw, statusOf } from '../../raw.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PASSWORD = 'four-wires-and-a-class'
const auth = { password: PASSWORD }

const TOKENS = {
  none: async () => null,
  right: (server: Served) => tokenOf(server),
  ended: async (server: Served) => {
    const token = await tokenOf(server)
    await server.app.inject({ method: 'DELETE', url: '/session', headers: bearer(token) })
    return token
  },
  'of another server': async () => {
    await using other = await serve({ auth })
    return tokenOf(other)
  },
  'made from the class’s password': async () => {
    const facts = `${Buffer.from('Ada').toString('base64url')}.9999999999999`
    const key = scryptSync(PASSWORD, 'fourwire', 32)
    return `${facts}.${createHmac('sha256', key).update(facts).digest('base64url')}`
  },
  garbage: async () => 'garbage',
}
type Kind = keyof typeof TOKENS

const CODES: Record<Kind, string | null> = {
  none: 'not-signed-in',
  right: null,
  ended: 'session-expired',
  'of another server': 'wrong-credentials',
  'made from the class’s password': 'wrong-credentials',
  garbage: 'wrong-credentials',
}

const PATHS = {
  'a short poll': '/feed/lobby/poll',
  'a long poll': '/feed/lobby/long-poll?wait=0',
  'an event stream': '/feed/lobby/sse',
  'streaming HTTP': '/feed/lobby/stream',
  'a WebSocket': '/feed/lobby/ws',
  'the bare WebSocket': '/ws',
  'the plain chat': '/chat/ws',
  'a publish': '/feed/lobby',
} as const

const PLACES = {
  'in a cookie': (token: string) => ({ headers: { cookie: `theme=dark; fourwire-session=${token}` } }),
  'in Authorization': (token: string) => ({ headers: { authorization: `Bearer ${token}` } }),
  'in the address': (token: string) => ({ query: `token=${token}` }),
}

describe.each(Object.entries(PATHS))('%s', (_what, path) => {
  for (const [where, place] of Object.entries(PLACES)) {
    test.each(Object.keys(TOKENS) as Kind[])(`gets the right response to a token ${where}: %s`, async (kind) => {
      await using server = await serve({ auth })
      const token = await TOKENS[kind](server)
      const { status, code, challenge } = await ask(server, path, token === null ? {} : place(token))
      expect(code).toBe(CODES[kind])
      if (code === null) expect([101, 200, 201]).toContain(status)
      else expect([status, challenge]).toEqual([401, 'Bearer realm="fourwire"'])
    })
  }

  test('accepts a ticket only once', async () => {
    await using server = await serve({ auth })
    const query = `ticket=${await ticketOf(server)}`
    expect((await ask(server, path, { query })).code).toBe(null)
    expect((await ask(server, path, { query })).code).toBe('wrong-credentials')
  })

  test('refuses a ticket that is too old', async () => {
    await using server = await serve({ auth: { ...auth, ticketMs: 0 } })
    expect((await ask(server, path, { query: `ticket=${await ticketOf(server)}` })).code).toBe('wrong-credentials')
  })

  test('refuses a request from a page of another site, even if the browser sends the session cookie', async () => {
    await using server = await serve({ auth })
    const headers = { ...PLACES['in a cookie'](await tokenOf(server)).headers, origin: 'http://127.0.0.1:1' }
    expect(await ask(server, path, { headers })).toMatchObject({ status: 403, code: 'wrong-origin' })
  })
})

test('a ticket is found if the name of its parameter is percent-encoded', async () => {
  await using server = await serve({ auth })
  expect((await ask(server, PATHS['a short poll'], { query: `%74icket=${await ticketOf(server)}` })).code).toBe(null)
  expect((await ask(server, PATHS['a short poll'], { query: '%74icket=wrong' })).code).toBe('wrong-credentials')
})

test('without a session, exactly the routes for people who have signed in return 401', async () => {
  await using server = await serve({ auth })
  const document = await (await fetch(`${server.origin}/openapi.json`)).json()
  const answers: Record<string, number> = {}
  for (const [path, methods] of Object.entries<Record<string, unknown>>(document.paths)) {
    // These two routes would end the next requests.
    if (path === '/lab/restart' || path === '/lab/cut') continue
    for (const method of Object.keys(methods)) {
      const url = `${server.origin}${path.replace('{room}', 'lobby')}`
      const response = await fetch(url, { method: method.toUpperCase() })
      await response.body?.cancel()
      answers[`${method} ${path}`] = response.status
    }
  }
  expect(Object.keys(answers).filter((route) => answers[route] === 401)).toEqual(
    Object.keys(answers).filter(
      (route) =>
        // Deleting is for the instructor, so these routes refuse with 403.
        (/^\w+ \/(feed|boards|ws|show$|chat\/ws|lab(\/(sse|say|clock))?$)/.test(route) &&
          !/^delete \/(feed|boards)/.test(route)) ||
        route.endsWith('/ticket') ||
        route === 'delete /session' ||
        // Starting and cancelling a comparison is for the instructor.
        /^(?:get|head) \/comparison/.test(route),
    ),
  )
})

describe('the first message of a WebSocket', () => {
  test('contains the token, and the server sends nothing before this message', async () => {
    await using server = await serve({ auth })
    const token = await tokenOf(server)
    await server.app.inject(publishing(token))
    const { socket, heard } = await connect(server, '/feed/lobby/ws?auth=message&after=0')
    expect(heard).toEqual([])
    socket.send(JSON.stringify({ type: 'auth', token }))
    socket.send('{"type":"ping"}')
    await until('three messages have arrived', () => heard.length === 3)
    expect(heard.map(({ type }) => type)).toEqual(expect.arrayContaining(['connected', 'message', 'pong']))
    socket.terminate()
  })

  test.each([
    [
      'an ended token',
      async (server: Served) => ({ type: 'auth', token: await TOKENS.ended(server) }),
      'session-expired',
    ],
    ['a wrong token', async () => ({ type: 'auth', token: 'garbage' }), 'wrong-credentials'],
    ['a ping', async () => ({ type: 'ping' }), 'not-signed-in'],
    ['a publish', async () => ({ type: 'message', user: 'Ada', text: 'x' }), 'not-signed-in'],
  ])('closes the socket with 3000 and the reason if it is %s', async (_what, message, code) => {
    await using server = await serve({ auth })
    const { socket, heard } = await connect(server, '/feed/lobby/ws?auth=message&after=0')
    socket.send(JSON.stringify(await message(server)))
    const [closed, reason] = await once(socket, 'close')
    expect([closed, String(reason)]).toEqual([3000, code])
    expect(heard).toMatchObject([{ type: 'error', code }])
  })
})

test('when a session ends, the server ends its stream and its WebSocket, and refuses its polls', async () => {
  await using server = await serve({ auth: { ...auth, sessionMs: 1500 } })
  const token = await tokenOf(server)
  const { socket } = await connect(server, `/feed/lobby/ws?token=${token}`)
  const closed = once(socket, 'close')
  const stream = await fetch(`${server.origin}/feed/lobby/sse?token=${token}`)
  const text = await stream.text()
  expect(text).toMatch(/^retry: /)
  const [code, reason] = await closed
  expect([code, String(reason)]).toEqual([3000, 'session-expired'])
  expect((await ask(server, '/feed/lobby/poll', { query: `token=${token}` })).code).toBe('session-expired')
})

test('an EventSource whose session has ended gets 401 and does not reconnect', async () => {
  await using server = await serve({ auth })
  const source = new EventSource(`${server.origin}/feed/lobby/sse?token=${await TOKENS.ended(server)}`)
  await until('the EventSource has stopped', () => source.readyState === EventSource.CLOSED)
})

test("nobody can publish under another person's name, by POST or over a WebSocket", async () => {
  await using server = await serve({ auth })
  const token = await tokenOf(server)
  const eve = await server.app.inject(publishing(token, 'Eve'))
  expect(eve.json()).toMatchObject({ code: 'wrong-user', status: 403 })
  const { socket, heard } = await connect(server, `/feed/lobby/ws?token=${token}`)
  socket.send('{"type":"message","user":"Eve","text":"hello"}')
  await until('the publish under the wrong name is refused', () =>
    heard.some((message) => message.code === 'wrong-user'),
  )
  socket.send('{"type":"message","user":"Ada","text":"hello"}')
  await until('the publish under the right name is accepted', () =>
    heard.some((message) => message.type === 'message' && message.user === 'Ada'),
  )
  socket.terminate()
})

test("nobody can be present under another person's name, in the feed or in the lab", async () => {
  await using server = await serve({ auth })
  const token = await tokenOf(server)
  const reading = await ask(server, '/feed/lobby/poll?user=Eve', { query: `token=${token}` })
  expect(reading).toMatchObject({ status: 403, code: 'wrong-user' })
  const { socket, heard } = await connect(server, `/lab?room=lobby&token=${token}`)
  socket.send(JSON.stringify({ type: 'here', userId: 'a1', name: 'Eve' }))
  await until('the presence under the wrong name is refused', () =>
    heard.some((message) => message.code === 'wrong-user'),
  )
  socket.send(JSON.stringify({ type: 'here', userId: 'Ada', name: 'Ada' }))
  await until('the presence of Ada is reported', () => heard.some((message) => message.type === 'presence'))
  socket.terminate()
})

test('the server refuses the token of an ended session, even if the token was copied before', async () => {
  await using server = await serve({ auth })
  const headers = bearer(await tokenOf(server))
  const ended = await fetch(`${server.origin}/session`, { method: 'DELETE', headers })
  expect(ended.status).toBe(204)
  expect((await ask(server, '/feed/lobby/poll', { headers })).code).toBe('session-expired')
})

test("the browser sends the session cookie only to this server's site, and no script can read the cookie", async () => {
  await using server = await serve({ auth })
  const signIn = (user: string, origin: string, host: string) =>
    server.app.inject({
      method: 'POST',
      url: '/session',
      headers: { host, origin },
      payload: { user, password: PASSWORD.toUpperCase() },
    })
  const plain = await signIn('Ada', 'http://localhost:80', 'localhost:80')
  expect(plain.headers['set-cookie']).toMatch(
    /^fourwire-session=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/,
  )
  expect(plain.json()).not.toHaveProperty('token')
  expect((await signIn('Ben', 'https://localhost:80', 'localhost:80')).headers['set-cookie']).toMatch(/; Secure$/)
})

describe("if the wall clock is nine hours ahead of the monotonic one, as after a night's sleep,", () => {
  const HOUR_MS = 60 * 60 * 1000
  const aheadMs = 9 * HOUR_MS
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + aheadMs }))
  afterEach(() => void vi.useRealTimers())

  test('a browser can sign in for eight hours, read and publish with its cookie', async () => {
    await using server = await serve({ auth })
    const payload = { user: 'Ada', password: PASSWORD }
    const headers = { host: 'localhost' }
    const signedIn = await server.app.inject({ method: 'POST', url: '/session', headers, payload })
    const cookie = String(signedIn.headers['set-cookie'])
    expect(cookie).toMatch('; Max-Age=28800;')
    expect(signedIn.json().untilMs).toBe(Date.now() + 8 * HOUR_MS)
    const signed = { headers: { cookie: cookie.replace(/;.*/, '') } }
    for (const path of Object.values(PATHS)) expect((await ask(server, path, signed)).code).toBe(null)
  })

  test('the server accepts a token and a ticket', async () => {
    await using server = await serve({ auth })
    const [token, query] = [await tokenOf(server), `ticket=${await ticketOf(server, 'Ben')}`]
    expect((await ask(server, PATHS['a short poll'], { query: `token=${token}` })).code).toBe(null)
    expect((await ask(server, PATHS['a short poll'], { query })).code).toBe(null)
  })
})

test('a stream ends when its session expires, even if timers stopped while the computer slept', async () => {
  await using server = await serve({ auth })
  // The session sets its timer when it begins, so the timers are replaced before.
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const token = await tokenOf(server)
  const { socket } = await connect(server, `/feed/lobby/ws?token=${token}`)
  const closed = once(socket, 'close')
  vi.setSystemTime(Date.now() + 9 * 60 * 60 * 1000)
  await vi.advanceTimersByTimeAsync(60_000)
  expect((await closed)[0]).toBe(3000)
})

test('the error for a wrong password does not quote it, and ten wrong passwords block their own connection only', async () => {
  await using server = await serve({ auth })
  const eve = raw(server.port, '')
  const guess = async (password: string, user = 'Eve', client = eve) => {
    const before = client.text().length
    client.socket.write(signIn({ user, password }))
    await until(
      'the next response has arrived',
      () => client.text().includes('"}', before) || client.text().includes('":', before),
    )
    return client.text().slice(before)
  }
  const first = await guess('open sesame')
  expect(first).toMatch(/403 .*"code":"wrong-password"/s)
  expect(first).not.toContain('sesame')
  for (let i = 0; i < 9; i++) await guess(`guess ${i}`)
  for (const user of ['Eve', 'Ada']) expect(await guess(PASSWORD, user)).toMatch(/429 .*"code":"too-many-tries"/s)
  const ada = raw(server.port, '')
  expect(await guess(PASSWORD, 'Ada', ada)).toMatch(/ 200 /)
  await Promise.all([eve.close(), ada.close()])
})

test('after a hundred wrong passwords for one name, everybody at the same address can still sign in', async () => {
  await using server = await serve({ auth })
  const guess = (user: string, password: string) =>
    raw(server.port, signIn({ user, password }, 'Connection: close\r\n'))
  await Promise.all(Array.from({ length: 100 }, (_, i) => guess('Ada', `guess ${i}`).closed()))
  expect(statusOf(await guess('Ben', PASSWORD).closed())).toBe(200)
  expect(statusOf(await guess('Ada', PASSWORD).closed())).toBe(200)
})

function signIn(who: object, more = ''): string {
  const body = JSON.stringify(who)
  return `POST /session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`
}

test('after a restart with the same session file, sessions are valid even if the password changed; without that file, they are unknown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fourwire-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = sessionFile(join(folder, 'feed.sessions.json'))
  const token = await (async () => {
    await using server = await serve({ auth, sessionFile: file })
    const signedIn = await tokenOf(server)
    return signedIn
  })()
  expect(readFileSync(join(folder, 'feed.sessions.json'), 'utf8')).not.toContain(token)
  await using same = await serve({ auth: { password: 'another password' }, sessionFile: file })
  expect((await ask(same, '/feed/lobby/poll', { query: `token=${token}` })).code).toBe(null)
  await using other = await serve({ auth })
  expect((await ask(other, '/feed/lobby/poll', { query: `token=${token}` })).code).toBe('wrong-credentials')
})

test('if signing in is on, a browser without a session is redirected to the sign-in page, and a program is not', async () => {
  await using server = await serve({ auth })
  const open = (path: string, headers: Record<string, string> = {}) =>
    fetch(server.origin + path, { headers: { accept: 'text/html', ...headers }, redirect: 'manual' })
  const sent = await open('/?room=a')
  expect([sent.status, sent.headers.get('location')]).toEqual([303, '/sign-in.html?next=%2F%3Froom%3Da'])
  expect((await open('/sign-in.html')).status).toBe(200)
  expect((await open('/', { cookie: `fourwire-session=${await tokenOf(server)}` })).status).toBe(200)
  expect((await open('/', { accept: '*/*' })).status).toBe(200)
  await using free = await serve()
  expect((await fetch(`${free.origin}/`, { headers: { accept: 'text/html' } })).status).toBe(200)
  expect(await (await fetch(`${free.origin}/session`)).json()).toEqual({
    auth: false,
    roster: false,
    user: null,
    untilMs: null,
    instructor: false,
  })
})

interface Placed {
  readonly headers?: Record<string, string>
  readonly query?: string
}

async function ask({ origin, port }: Served, path: string, { headers = {}, query }: Placed) {
  const target = query === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`
  if (path.endsWith('ws')) return upgrade(`ws://127.0.0.1:${port}${target}`, headers)
  const isPublish = path === PATHS['a publish']
  const body = { method: 'POST', body: '{"user":"Ada","text":"hello"}' }
  const type = { 'content-type': 'application/json' }
  const response = await fetch(origin + target, isPublish ? { ...body, headers: { ...type, ...headers } } : { headers })
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json')
  const code: string | null = isProblem ? (await response.json()).code : null
  if (!isProblem) await response.body?.cancel()
  return { status: response.status, code, challenge: response.headers.get('www-authenticate') }
}

function upgrade(url: string, headers: Record<string, string>) {
  const socket = new WebSocket(url, { headers })
  return new Promise<{ status: number; code: string | null; challenge: string | null }>((resolve) => {
    socket.on('open', () => {
      socket.terminate()
      resolve({ status: 101, code: null, challenge: null })
    })
    socket.on('unexpected-response', async (_request, response) => {
      const body = Buffer.concat(await response.toArray())
      const challenge = response.headers['www-authenticate'] ?? null
      resolve({ status: response.statusCode ?? 0, code: JSON.parse(String(body)).code, challenge })
    })
  })
}

interface Heard {
  readonly type: string
  readonly code?: string
  readonly user?: string
}

async function connect({ port }: Served, path: string): Promise<{ socket: WebSocket; heard: Heard[] }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  const heard: Heard[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  await once(socket, 'open')
  return { socket, heard }
}

async function tokenOf({ app }: Served, user = 'Ada'): Promise<string> {
  const payload = { user, password: PASSWORD, as: 'token' }
  return (await app.inject({ method: 'POST', url: '/session', headers: { host: 'localhost' }, payload })).json().token
}

async function ticketOf(server: Served, user?: string): Promise<string> {
  const headers = bearer(await tokenOf(server, user))
  return (await server.app.inject({ method: 'POST', url: '/session/ticket', headers })).json().ticket
}

const bearer = (token: string) => ({ host: 'localhost', authorization: `Bearer ${token}` })

function publishing(token: string, user = 'Ada') {
  const headers = { host: 'localhost', authorization: `Bearer ${token}` }
  return { method: 'POST', url: '/feed/lobby', headers, payload: { user, text: 'hello' } } as const
}
