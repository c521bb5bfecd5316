import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { CATALOGUE } from '../../../server/http/errors.ts'
import type { ErrorCode } from '../../../server/http/errors.ts'
import { serve } from '../../serve.ts'

interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const post = (body: string, headers: Record<string, string> = JSON_TYPE): Asked => ({
  method: 'POST',
  path: '/feed/lobby',
  body,
  headers,
})

const CASES: [string, Asked, ErrorCode, RegExp][] = [
  ['a body that is not JSON', post('{"user":'), 'bad-json', /cannot be parsed/],
  ['an empty body', post(''), 'bad-json', /empty/],
  ['a body that is a list', post('[]'), 'bad-body', /\[\]/],
  ['a body without a text', post('{"user":"Ada"}'), 'bad-body', /text is missing/],
  ['a text that is a number', post('{"user":"Ada","text":5}'), 'bad-body', /text is 5/],
  ['a text that is empty', post('{"user":"Ada","text":""}'), 'bad-body', /text is ""/],
  ['a name of 65 code points', post(JSON.stringify({ user: '🜁'.repeat(65), text: 'x' })), 'bad-body', /user is "/],
  ['prototype keys', post('{"__proto__":{"x":1},"user":"a","text":"b"}'), 'bad-json', /./],
  ['a body over 16 KiB', post(JSON.stringify({ user: 'Ada', text: 'x'.repeat(16 * 1024) })), 'too-large', /16 KiB/],
  [
    'another content type',
    post('{"user":"Ada","text":"x"}', { 'content-type': 'text/plain' }),
    'wrong-type',
    /text\/plain/,
  ],
  [
    'a form',
    post('user=Ada', { 'content-type': 'application/x-www-form-urlencoded' }),
    'wrong-type',
    /x-www-form-urlencoded/,
  ],
  [
    'a bad key',
    post('{"user":"Ada","text":"x"}', { ...JSON_TYPE, 'idempotency-key': 'k'.repeat(129) }),
    'bad-key',
    /kkk/,
  ],
  ['a room in capitals', { path: '/feed/Lobby/poll' }, 'bad-room', /"Lobby"/],
  ['a room of 33 characters', { path: `/feed/${'a'.repeat(33)}/sse` }, 'bad-room', /aaa/],
  ['a room of 3,000 characters', { path: `/feed/${'a'.repeat(3000)}/poll` }, 'bad-room', /aaa/],
  ['a room with a slash in it', { path: '/feed/a%2Fb/poll' }, 'bad-room', /"a\/b"/],
  ['a path that cannot be decoded', { path: '/feed/%zz/poll' }, 'bad-url', /./],
  ['an invalid cursor (poll)', { path: '/feed/lobby/poll?after=garbage' }, 'bad-cursor', /"garbage"/],
  ['an invalid cursor (long poll)', { path: '/feed/lobby/long-poll?after=1.2.3' }, 'bad-cursor', /"1\.2\.3"/],
  ['an invalid cursor (stream)', { path: '/feed/lobby/stream?after=x' }, 'bad-cursor', /"x"/],
  ['a cursor given twice', { path: '/feed/lobby/poll?after=0&after=0' }, 'bad-parameter', /after/],
  ['a negative wait', { path: '/feed/lobby/long-poll?after=0&wait=-1' }, 'bad-parameter', /wait is "-1"/],
  ['a wait that is not a number', { path: '/feed/lobby/long-poll?after=0&wait=abc' }, 'bad-parameter', /wait is "abc"/],
  ['a wait that is a word', { path: '/feed/lobby/long-poll?after=0&wait=true' }, 'bad-parameter', /wait is "true"/],
  ['an empty wait', { path: '/feed/lobby/long-poll?after=0&wait=' }, 'bad-parameter', /wait is ""/],
  ['a negative limit', { path: '/feed/lobby/poll?after=0&limit=-1' }, 'bad-parameter', /limit is "-1"/],
  ['a limit with a fraction', { path: '/feed/lobby/poll?after=0&limit=1.5' }, 'bad-parameter', /limit is "1\.5"/],
  ['a negative last', { path: '/feed/lobby/sse?last=-1' }, 'bad-parameter', /last is "-1"/],
  ['a last above 500', { path: '/feed/lobby/poll?last=501' }, 'bad-parameter', /last is "501"/],
  ['a lane with a space', { path: '/feed/lobby/poll?lane=a%20b' }, 'bad-parameter', /lane is "a b"/],
  ['a WebSocket asked for by HTTP', { path: '/feed/lobby/ws' }, 'upgrade-required', /WebSocket/],
  ['the lab asked for by HTTP', { path: '/lab' }, 'upgrade-required', /\/lab/],
  ['a path that does not exist', { path: '/nowhere' }, 'not-found', /"\/nowhere"/],
  ['a lesson that does not exist', { path: '/lessons/99-nothing' }, 'not-found', /"\/lessons\/99-nothing"/],
  ['a method that the route does not have', { method: 'DELETE', path: '/feed/lobby/poll' }, 'wrong-method', /DELETE/],
  ['a GET of an address for publishing only', { path: '/feed/lobby' }, 'wrong-method', /GET/],
  ['a HEAD of a stream', { method: 'HEAD', path: '/feed/lobby/sse' }, 'wrong-method', /./],
  [
    'a host that is not the server\u2019s',
    { path: '/health', headers: { host: 'evil.example' } },
    'wrong-host',
    /"evil\.example"/,
  ],
  [
    'a page of another site',
    { path: '/feed/lobby/sse', headers: { origin: 'https://evil.example' } },
    'wrong-origin',
    /"https:\/\/evil\.example"/,
  ],
]

test.each(CASES)(
  'a request with this error gets a problem document that quotes the wrong value: %s',
  async (_what, asked, code, detail) => {
    await using server = await serve()
    const { status, headers, body } = await raw(server.port, asked)
    expect(status).toBe(CATALOGUE[code].status)
    if (asked.method === 'HEAD') return
    expect(headers).toMatch(/content-type: application\/problem\+json/i)
    expect(JSON.parse(body)).toMatchObject({
      type: `urn:fourwire:error:${code}`,
      code,
      status,
      title: CATALOGUE[code].title,
    })
    const problem: { detail: string; remedy: string } = JSON.parse(body)
    expect(problem.detail).toMatch(detail)
    expect(problem.remedy.length).toBeGreaterThan(10)
  },
)

const FOR_PEOPLE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

test.each(['/nowhere', '/lessons/99-nothing', '/board/<script>alert(1)</script>&amp;'])(
  'a browser that opens %s gets a page that quotes the address and has working links',
  async (path) => {
    await using server = await serve()
    const { status, headers, body } = await raw(server.port, { path, headers: FOR_PEOPLE })
    expect(status).toBe(404)
    expect(headers).toMatch(/content-type: text\/html/i)
    expect(headers).toMatch(/content-security-policy: default-src 'none'/i)
    const quoted = path.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    expect(body).toContain(`<code>${quoted}</code>`)
    // The page's own scripts have a source.
    expect(body).not.toContain('<script>')
    for (const [, href = ''] of body.matchAll(/ href="([^"]+)"/g))
      expect((await raw(server.port, { path: href, headers: FOR_PEOPLE })).status, href).toBe(200)
  },
)

test('a browser that opens an address with a bad parameter gets the error, not the 404 page', async () => {
  await using server = await serve()
  const { status, headers } = await raw(server.port, { path: '/feed/BAD/poll', headers: FOR_PEOPLE })
  expect(status).toBe(400)
  expect(headers).toMatch(/content-type: application\/problem\+json/i)
})

test('a request with a method that the path does not allow gets the list of allowed methods', async () => {
  await using server = await serve()
  const { headers } = await raw(server.port, { method: 'PUT', path: '/feed/lobby' })
  expect(headers).toMatch(/^allow: POST, OPTIONS$/im)
})

test.each([
  ['a text that is not HTTP', 'NONSENSE\r\n\r\n', 400, 'bad-request'],
  ['a head of 20 KB', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'head-too-large'],
  [
    'a WebSocket handshake without its key',
    'GET /feed/lobby/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    400,
    'bad-request',
  ],
  [
    'a WebSocket upgrade to a page',
    'GET /index.html HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    200,
    null,
  ],
  [
    'a WebSocket upgrade to a path that does not exist',
    'GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    404,
    'not-found',
  ],
  [
    'a WebSocket upgrade in a bad room',
    'GET /feed/BAD/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    400,
    'bad-room',
  ],
  [
    'a WebSocket upgrade at a bad cursor',
    'GET /feed/a/ws?after=x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    400,
    'bad-cursor',
  ],
  [
    'a WebSocket of another site',
    'GET /feed/a/ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    403,
    'wrong-origin',
  ],
  [
    'a WebSocket at a host that is not the server\u2019s',
    'GET /feed/a/ws HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    421,
    'wrong-host',
  ],
])('the server answers %s on the socket, and then closes the connection', async (_what, text, status, code) => {
  await using server = await serve()
  const answer = await exchange(server.port, text)
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  if (code) expect(answer).toMatch(new RegExp(`"code":"${code}"`))
})

test('a request that offers an upgrade to h2c, as from curl --http2, gets a normal response', async () => {
  await using server = await serve()
  const answer = await exchange(
    server.port,
    'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  )
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
})

async function raw(port: number, { method = 'GET', path, headers = {}, body }: Asked) {
  const lines = {
    host: `127.0.0.1:${port}`,
    connection: 'close',
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  const answer = await exchange(port, `${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`)
  const [top = '', ...rest] = answer.split('\r\n\r\n')
  return { status: Number(top.split(' ')[1]), headers: top, body: rest.join('\r\n\r\n') }
}

async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk))
  await once(socket, 'close')
  return answer
}
