/** Every transport with every kind of credentials, in every place where they can be put. */
import { once } from 'node:events'
import { scryptSync } from 'node:crypto'
import { EventSource } from 'eventsource'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createSessions } from '../../../server/auth/sessions.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const PASSWORD = 'four-wires-and-a-class'
const auth = { password: PASSWORD }

/** As this server makes them. */
const sessions = (lastsMs?: number) => createSessions(scryptSync(PASSWORD, 'fourwire', 32), lastsMs)

const RIGHT = () => sessions().begin('Ada').token
const TOKENS = {
  none: () => null,
  right: RIGHT,
  expired: () => sessions(-1).begin('Ada').token,
  'of another server': () => createSessions('another secret').begin('Ada').token,
  'with another name in it': () => RIGHT().replace(/^[^.]*/, Buffer.from('Eve').toString('base64url')),
  garbage: () => 'garbage',
}
type Kind = keyof typeof TOKENS

const CODES: Record<Kind, string | null> = {
  none: 'not-signed-in',
  right: null,
  expired: 'session-expired',
  'of another server': 'wrong-credentials',
  'with another name in it': 'wrong-credentials',
  garbage: 'wrong-credentials',
}

const PATHS = {
  'a short poll': '/feed/lobby/poll',
  'a long poll': '/feed/lobby/long-poll?wait=0',
  'an event stream': '/feed/lobby/sse',
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
    test.each(Object.keys(TOKENS) as Kind[])(`with a token ${where}: %s`, async (kind) => {
      await using server = await serve({ auth })
      const token = TOKENS[kind]()
      const { status, code, challenge } = await ask(server, path, token === null ? {} : place(token))
      expect(code).toBe(CODES[kind])
      if (code === null) expect([101, 200, 201]).toContain(status)
      else expect([status, challenge]).toEqual([401, 'Bearer realm="fourwire"'])
    })
  }

  test('with a ticket: once', async () => {
    await using server = await serve({ auth })
    const query = `ticket=${await ticketOf(server)}`
    expect((await ask(server, path, { query })).code).toBe(null)
    expect((await ask(server, path, { query })).code).toBe('wrong-credentials')
  })

  test('with a ticket that is too old', async () => {
    await using server = await serve({ auth: { ...auth, ticketMs: 0 } })
    expect((await ask(server, path, { query: `ticket=${await ticketOf(server)}` })).code).toBe('wrong-credentials')
  })

  test('for a page of another site, with the cookie that the browser sends along', async () => {
    await using server = await serve({ auth })
    const headers = { ...PLACES['in a cookie'](RIGHT()).headers, origin: 'http://127.0.0.1:1' }
    expect(await ask(server, path, { headers })).toMatchObject({ status: 403, code: 'wrong-origin' })
  })
})

test('what is guarded and what is not: no route is forgotten', async () => {
  await using server = await serve({ auth })
  const document = await (await fetch(`${server.origin}/openapi.json`)).json()
  const answers: Record<string, number> = {}
  for (const [path, methods] of Object.entries<Record<string, unknown>>(document.paths)) {
    // They would end the requests that come next.
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
        /^\w+ \/(feed|boards|ws|chat\/ws|lab$)/.test(route) || route.endsWith('/ticket') || route === 'delete /session',
    ),
  )
})

describe('the first message of a WebSocket', () => {
  test('brings the token, and only then anything is told', async () => {
    await using server = await serve({ auth })
    await server.app.inject(publishing(RIGHT()))
    const { socket, heard } = await connect(server, '/feed/lobby/ws?auth=message&after=0')
    expect(heard).toEqual([])
    socket.send(JSON.stringify({ type: 'auth', token: RIGHT() }))
    socket.send('{"type":"ping"}')
    await until('it is answered', () => heard.length === 3)
    expect(heard.map(({ type }) => type)).toEqual(expect.arrayContaining(['connected', 'message', 'pong']))
    socket.terminate()
  })

  test.each([
    ['an expired token', () => ({ type: 'auth', token: TOKENS.expired() }), 'session-expired'],
    ['a wrong token', () => ({ type: 'auth', token: 'garbage' }), 'wrong-credentials'],
    ['a ping', () => ({ type: 'ping' }), 'not-signed-in'],
    ['a publish', () => ({ type: 'message', user: 'Ada', text: 'x' }), 'not-signed-in'],
  ])('that is %s ends it with 3000 and the reason', async (_what, message, code) => {
    await using server = await serve({ auth })
    const { socket, heard } = await connect(server, '/feed/lobby/ws?auth=message&after=0')
    socket.send(JSON.stringify(message()))
    const [closed, reason] = await once(socket, 'close')
    expect([closed, String(reason)]).toEqual([3000, code])
    expect(heard).toMatchObject([{ type: 'error', code }])
  })
})

test('a stream and a WebSocket end when their session does, and polls are refused from then on', async () => {
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

test('an EventSource whose session is over is ended for good, by 401', async () => {
  await using server = await serve({ auth })
  const source = new EventSource(`${server.origin}/feed/lobby/sse?token=${TOKENS.expired()}`)
  await until('it has given up', () => source.readyState === EventSource.CLOSED)
})

test('nobody publishes under another’s name, by whichever way', async () => {
  await using server = await serve({ auth })
  const eve = await server.app.inject(publishing(RIGHT(), 'Eve'))
  expect(eve.json()).toMatchObject({ code: 'wrong-user', status: 403 })
  const { socket, heard } = await connect(server, `/feed/lobby/ws?token=${RIGHT()}`)
  socket.send('{"type":"message","user":"Eve","text":"hello"}')
  await until('it is refused', () => heard.some((message) => message.code === 'wrong-user'))
  socket.send('{"type":"message","user":"Ada","text":"hello"}')
  await until('it is published', () => heard.some((message) => message.type === 'message' && message.user === 'Ada'))
  socket.terminate()
})

test('nobody is here under another’s name either: not by the feed, not in the lab', async () => {
  await using server = await serve({ auth })
  const token = RIGHT()
  const reading = await ask(server, '/feed/lobby/poll?user=Eve', { query: `token=${token}` })
  expect(reading).toMatchObject({ status: 403, code: 'wrong-user' })
  const { socket, heard } = await connect(server, `/lab?room=lobby&token=${token}`)
  socket.send(JSON.stringify({ type: 'here', userId: 'a1', name: 'Eve' }))
  await until('it is refused', () => heard.some((message) => message.code === 'wrong-user'))
  socket.send(JSON.stringify({ type: 'here', userId: 'a1', name: 'Ada' }))
  await until('she is here', () => heard.some((message) => message.type === 'presence'))
  socket.terminate()
})

test('a session that was ended is refused wherever it was copied to', async () => {
  await using server = await serve({ auth })
  const headers = { authorization: `Bearer ${RIGHT()}` }
  const ended = await fetch(`${server.origin}/session`, { method: 'DELETE', headers })
  expect(ended.status).toBe(204)
  expect((await ask(server, '/feed/lobby/poll', { headers })).code).toBe('session-expired')
})

test('the cookie is for this server alone, and no script reads it', async () => {
  await using server = await serve({ auth })
  const signIn = (origin: string, host: string) =>
    server.app.inject({
      method: 'POST',
      url: '/session',
      headers: { host, origin },
      payload: { user: 'Ada', password: PASSWORD.toUpperCase() },
    })
  const plain = await signIn('http://localhost:80', 'localhost:80')
  expect(plain.headers['set-cookie']).toMatch(
    /^fourwire-session=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/,
  )
  expect(plain.json()).not.toHaveProperty('token')
  expect((await signIn('https://localhost:80', 'localhost:80')).headers['set-cookie']).toMatch(/; Secure$/)
})

test('a wrong password is refused without a word of it, and the hundred-and-first try is not looked at', async () => {
  await using server = await serve({ auth })
  const guess = (password: string) =>
    server.app.inject({
      method: 'POST',
      url: '/session',
      headers: { host: 'localhost' },
      payload: { user: 'Eve', password },
    })
  const first = await guess('open sesame')
  expect(first.json()).toMatchObject({ code: 'wrong-password', status: 403 })
  expect(first.body).not.toContain('sesame')
  for (let i = 0; i < 99; i++) await guess(`guess ${i}`)
  expect((await guess(PASSWORD)).json()).toMatchObject({ code: 'too-many-tries', status: 429 })
})

test('sessions go on after a restart with the same password, and with no other', async () => {
  const token = await (async () => {
    await using server = await serve({ auth })
    return tokenOf(server)
  })()
  await using same = await serve({ auth })
  expect((await ask(same, '/feed/lobby/poll', { query: `token=${token}` })).code).toBe(null)
  await using other = await serve({ auth: { password: 'another password' } })
  expect((await ask(other, '/feed/lobby/poll', { query: `token=${token}` })).code).toBe('wrong-credentials')
})

test('who opens a page without a session is shown where to sign in; a program is not, nor is anybody where it is off', async () => {
  await using server = await serve({ auth })
  const open = (path: string, headers: Record<string, string> = {}) =>
    fetch(server.origin + path, { headers: { accept: 'text/html', ...headers }, redirect: 'manual' })
  const sent = await open('/?room=a')
  expect([sent.status, sent.headers.get('location')]).toEqual([303, '/sign-in.html?next=%2F%3Froom%3Da'])
  expect((await open('/sign-in.html')).status).toBe(200)
  expect((await open('/', { cookie: `fourwire-session=${RIGHT()}` })).status).toBe(200)
  expect((await open('/', { accept: '*/*' })).status).toBe(200)
  await using free = await serve()
  expect((await fetch(`${free.origin}/`, { headers: { accept: 'text/html' } })).status).toBe(200)
  expect(await (await fetch(`${free.origin}/session`)).json()).toEqual({ auth: false, user: null, untilMs: null })
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

async function tokenOf({ app }: Served): Promise<string> {
  const payload = { user: 'Ada', password: PASSWORD, as: 'token' }
  return (await app.inject({ method: 'POST', url: '/session', headers: { host: 'localhost' }, payload })).json().token
}

async function ticketOf({ app }: Served): Promise<string> {
  const headers = { host: 'localhost', authorization: `Bearer ${RIGHT()}` }
  return (await app.inject({ method: 'POST', url: '/session/ticket', headers })).json().ticket
}

function publishing(token: string, user = 'Ada') {
  const headers = { host: 'localhost', authorization: `Bearer ${token}` }
  return { method: 'POST', url: '/feed/lobby', headers, payload: { user, text: 'hello' } } as const
}
