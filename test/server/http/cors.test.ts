/** Tests of a user's own front end on another origin. It can read and publish, and do nothing else. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { readFlags } from '../../../server/flags.ts'
import { raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import type { Served, ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'

const FRONT = 'http://localhost:5173'
const invited = (more: ServeOptions = {}) => serve({ allowOrigins: [FRONT, 'https://front.test'], ...more })

const JSON_TYPE = { 'content-type': 'application/json' }

/** Returns the head of the response in lower case. */
async function headOf({ port }: Served, request: string, origin: string | null, more = ''): Promise<string> {
  const fields = `Host: localhost:${port}\r\n${origin === null ? '' : `Origin: ${origin}\r\n`}${more}`
  const client = raw(port, `${request} HTTP/1.1\r\n${fields}\r\n`)
  await until('the head of the response has arrived', () => client.text().includes('\r\n\r\n'))
  await client.close()
  return client.text().split('\r\n\r\n', 1)[0]?.toLowerCase() ?? ''
}

const READING = [
  '/feed/lobby/poll',
  '/feed/lobby/long-poll',
  '/feed/lobby/sse',
  '/feed/lobby/stream',
  '/boards/lobby',
  '/health',
  '/openapi.json',
]

test.each(READING)('only pages of allowed origins may read GET %s', async (path) => {
  await using server = await invited()
  for (const origin of [FRONT, 'https://front.test']) {
    const head = await headOf(server, `GET ${path}`, origin)
    expect(head).toContain(`\r\naccess-control-allow-origin: ${origin}`)
    expect(head).toMatch(/\r\naccess-control-expose-headers: .*retry-after/)
    expect(head).toMatch(/\r\nvary: origin/)
    expect(head).not.toContain('access-control-allow-credentials')
  }
  for (const origin of [null, `http://localhost:${server.port}`]) {
    const head = await headOf(server, `GET ${path}`, origin)
    expect(head).toMatch(/\r\nvary: origin/)
    expect(head).not.toContain('access-control')
  }
  for (const origin of ['http://localhost:5174', 'https://localhost:5173', 'http://front.test', 'null', `${FRONT}/`]) {
    const head = await headOf(server, `GET ${path}`, origin)
    expect(head).toMatch(/^http\/1.1 403 /)
    expect(head).not.toContain('access-control')
  }
})

test('if no origin is allowed, the responses of the server have no CORS headers and no Vary header', async () => {
  await using server = await serve()
  expect(await headOf(server, 'GET /health', null)).not.toMatch(/access-control|vary/)
  expect(await headOf(server, 'GET /health', FRONT)).toMatch(/^http\/1.1 403 /)
})

test('the response to a preflight lists the methods of the address and the allowed request fields', async () => {
  await using server = await invited()
  const asks = 'Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n'
  const head = await headOf(server, 'OPTIONS /feed/lobby', FRONT, asks)
  expect(head).toMatch(/^http\/1.1 204 /)
  expect(head).toContain(`\r\naccess-control-allow-origin: ${FRONT}`)
  expect(head).toContain('\r\naccess-control-allow-methods: post\r\n')
  expect(head).toMatch(/\r\naccess-control-allow-headers: .*content-type.*idempotency-key/)
  const refused = await headOf(server, 'OPTIONS /feed/lobby', 'http://evil.test', asks)
  expect(refused).toMatch(/^http\/1.1 403 /)
  expect(refused).not.toContain('access-control')
})

test('a page of an allowed origin can publish and read errors', async () => {
  await using server = await invited()
  const send = (body: string) =>
    fetch(`${server.origin}/feed/lobby`, { method: 'POST', headers: { ...JSON_TYPE, origin: FRONT }, body })
  expect((await send('{"user":"Ada","text":"hello"}')).status).toBe(201)
  const refused = await send('{}')
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([400, FRONT])
})

test('a page of an allowed origin can open the WebSockets of the feed and of the chat', async () => {
  await using server = await invited()
  for (const path of ['/feed/lobby/ws', '/', '/chat']) {
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}${path}`, { origin: FRONT })
    await once(socket, 'open')
    socket.close()
  }
})

test.each([
  ['GET', '/lab/lanes'],
  ['GET', '/metrics'],
  ['PUT', '/lab/settings'],
  ['POST', '/lab/cut'],
  ['POST', '/lab/restart'],
])(
  "the server refuses %s %s to a page of an allowed origin, even with the instructor's token",
  async (method, path) => {
    await using server = await invited({ token: 'k7f2-9xqm-abcd-0123' })
    for (const headers of [{}, { authorization: 'Bearer k7f2-9xqm-abcd-0123' }]) {
      const request = { method, headers: { ...headers, origin: FRONT, ...(method !== 'GET' && JSON_TYPE) } }
      const response = await fetch(server.origin + path, { ...request, ...(method !== 'GET' && { body: '{}' }) })
      expect([response.status, (await response.json()).code]).toEqual([403, 'wrong-origin'])
    }
  },
)

test('a page of an allowed origin cannot become the instructor in the lab', async () => {
  await using server = await invited({ token: 'k7f2-9xqm-abcd-0123' })
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/lab`, { origin: FRONT })
  const messages: { type: string; code?: string; instructor?: boolean }[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  socket.send('{"type":"restart"}')
  socket.send('{"type":"instructor","token":"k7f2-9xqm-abcd-0123"}')
  await until('both messages are refused', () => messages.filter(({ type }) => type === 'error').length === 2)
  expect(messages.filter(({ type }) => type === 'error').map(({ code }) => code)).toEqual([
    'not-instructor',
    'wrong-origin',
  ])
  expect(messages.find(({ type }) => type === 'welcome')).toMatchObject({ instructor: false })
  socket.close()
})

test('with --auth, a page of an allowed origin may send credentials, and is refused without them', async () => {
  await using server = await invited({ auth: { password: 'correct horse battery' } })
  const head = await headOf(server, 'GET /feed/lobby/poll', FRONT)
  expect(head).toMatch(/^http\/1.1 401 /)
  expect(head).toContain('\r\naccess-control-allow-credentials: true')
  expect(head).toContain(`\r\naccess-control-allow-origin: ${FRONT}`)
})

test.each([
  ['http://localhost:5173', 'http://localhost:5173'],
  ['HTTP://LocalHost:80', 'http://localhost'],
  [' https://b\u00fccher.test '.replace('\u00fc', 'u'), 'https://bucher.test'],
])('the server reads the flag --allow-origin "%s" as %s', (text, origin) => {
  expect(readFlags(['--allow-origin', text], {}).allowOrigins).toEqual([origin])
  expect(readFlags([], { FOURWIRE_ALLOW_ORIGIN: `${text},http://a.test` }).allowOrigins).toEqual([
    origin,
    'http://a.test',
  ])
})

test('the flag --allow-origin can be given several times', () => {
  const args = ['--allow-origin', 'http://a.test', '--allow-origin', 'http://b.test']
  expect(readFlags(args, {}).allowOrigins).toEqual(['http://a.test', 'http://b.test'])
})

test.each([
  ['http://localhost:5173/', /http:\/\/localhost:5173$/],
  ['http://localhost:5173/app', /http:\/\/localhost:5173$/],
  ['localhost:5173', /scheme/],
  ['*', /every site/],
  ['null', /not an origin/],
  ['ws://localhost:5173', /not an origin/],
  ['http://*.test', /not an origin/],
  ['http://a@b.test', /not an origin/],
])('the server refuses the flag --allow-origin %s with the reason', (text, reason) => {
  expect(() => readFlags(['--allow-origin', text], {})).toThrow(reason)
  expect(() => readFlags(['--allow-origin', text], {})).toThrow(`--allow-origin is "${text}"`)
})
