/** Tests of HTTP by the byte (RFC 9110 and 9112): requests that Node would let through, or would respond to itself. */
import { expect, test } from 'vitest'
import { CATALOGUE } from '../../../server/http/errors.ts'
import type { ErrorCode } from '../../../server/http/errors.ts'
import { raw } from '../../raw.ts'
import { serve } from '../../serve.ts'

const HOST = 'Host: localhost\r\n'
const END = 'Connection: close\r\n\r\n'
const BODY = '{"user":"a","text":"b"}'
const CHUNKS = `17\r\n${BODY}\r\n0\r\n\r\n`
const get = (fields: string, target = '/health', version = '1.1') => `GET ${target} HTTP/${version}\r\n${fields}${END}`
const post = (fields: string, body: string, target = '/feed/lobby') =>
  `POST ${target} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${fields}${END}${body}`
const length = (body: string | Buffer) => `Content-Length: ${Buffer.byteLength(body)}\r\n`

async function ask(port: number, request: string | Buffer) {
  const answer = await raw(port, request).closed()
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)]),
  )
  return { status: Number(head.split(' ')[1]), headers, body }
}

const REFUSED: [string, string, ErrorCode, RegExp][] = [
  ['no Host', get(''), 'bad-request', /no Host/],
  ['two Host fields', get(HOST + HOST), 'bad-request', /2 Host fields/],
  ['two Host fields, to a page', get(`${HOST}host: localhost\r\n`, '/'), 'bad-request', /2 Host fields/],
  ['two Host fields of which one is foreign', get(`${HOST}Host: evil.test\r\n`), 'bad-request', /evil\.test/],
  ['a Host that is a URL', get('Host: http://localhost\r\n'), 'bad-request', /http:\/\/localhost/],
  ['a Host with a user', get('Host: a@localhost\r\n'), 'bad-request', /a@localhost/],
  ['a Host with a port above 65,535', get('Host: localhost:65536\r\n'), 'bad-request', /65536/],
  ['an absolute target of another site', get(HOST, 'http://evil.test/health'), 'wrong-host', /evil\.test/],
  ['an absolute target with a user', get(HOST, 'http://a@localhost/health'), 'wrong-host', /a@localhost/],
  ['an absolute target without a Host', get('', 'http://localhost/health'), 'bad-request', /no Host/],
  ['a target with a fragment', get(HOST, '/health#user=Ada'), 'bad-request', /#user=Ada/],
  ['a target with a fragment after its query', get(HOST, '/health?a=b#c'), 'bad-request', /#c/],
  ['an unknown expectation', get(`${HOST}Expect: tea\r\n`), 'unmet-expectation', /"tea"/],
  [
    'an unknown expectation with a body',
    post(`Expect: 200-ok\r\n${length(BODY)}`, BODY),
    'unmet-expectation',
    /200-ok/,
  ],
  ['HTTP/0.9', 'GET /health\r\n\r\n', 'wrong-version', /0\.9/],
  ['HTTP/2.0', get(HOST, '/health', '2.0'), 'wrong-version', /2\.0/],
  ['HTTP/3.0', get(HOST, '/health', '3.0'), 'wrong-version', /./],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'wrong-version', /./],
  ['CONNECT', `CONNECT localhost:22 HTTP/1.1\r\n${HOST}\r\n`, 'not-implemented', /localhost:22/],
  ['lines without carriage returns', get(HOST).replaceAll('\r', ''), 'bad-request', /./],
  ['a space before a colon', get('Host : localhost\r\n'), 'bad-request', /./],
  ['a folded field', get(`${HOST}X: a\r\n b\r\n`), 'bad-request', /./],
  ['a null character in a field', get(`${HOST}X: a\0b\r\n`), 'bad-request', /./],
  ['a body with two lengths', post(length(BODY) + length(`${BODY} `), BODY), 'bad-request', /Content-Length/],
  ['the same length twice', post(length(BODY) + length(BODY), BODY), 'bad-request', /Content-Length/],
  ['a negative length', post('Content-Length: -1\r\n', ''), 'bad-request', /Content-Length/],
  [
    'a body with a length and in chunks',
    post(`${length(BODY)}Transfer-Encoding: chunked\r\n`, CHUNKS),
    'bad-request',
    /./,
  ],
  ['a compressed transfer coding', post('Transfer-Encoding: gzip, chunked\r\n', CHUNKS), 'not-implemented', /gzip/],
  ['a chunk without a length', post('Transfer-Encoding: chunked\r\n', 'zz\r\n'), 'bad-request', /./],
  ['endless chunk extensions', post('Transfer-Encoding: chunked\r\n', `1;${'x'.repeat(20_000)}`), 'too-large', /./],
]

test.each(REFUSED)(
  'a request with this error is refused with an error of the catalogue: %s',
  async (_what, request, code, detail) => {
    await using server = await serve()
    const { status, headers, body } = await ask(server.port, request)
    expect([status, JSON.parse(body).code]).toEqual([CATALOGUE[code].status, code])
    expect(headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(JSON.parse(body).detail).toMatch(detail)
  },
)

test.each([
  ['Expect: 100-continue', post(`Expect: 100-Continue\r\n${length(BODY)}`, BODY), 100],
  ['an expectation in HTTP/1.0', get(`${HOST}Expect: tea\r\n`, '/health', '1.0'), 200],
  ['an absolute target', get(HOST, 'http://localhost/health'), 200],
  ['an absolute target in capitals', get(HOST, 'HTTPS://LOCALHOST:443/health'), 200],
  ['an absolute target without a path', get(HOST, 'http://localhost'), 200],
  ['an absolute target with a query and no path', get(HOST, 'http://localhost?room=a'), 200],
  ['an absolute target together with a foreign Host', get('Host: evil.test\r\n', 'http://localhost/health'), 200],
  ['an empty content coding', post(`Content-Encoding:\r\n${length(BODY)}`, BODY), 201],
  ['the content coding identity', post(`Content-Encoding: Identity\r\n${length(BODY)}`, BODY), 201],
  ['chunks', post('Transfer-Encoding: Chunked\r\n', CHUNKS), 201],
])('a request with %s is accepted', async (_what, request, status) => {
  await using server = await serve()
  expect((await ask(server.port, request)).status).toBe(status)
})

test('a client that sends invalid bytes after a request gets the response and then a 400', async () => {
  await using server = await serve()
  const answer = await raw(server.port, `GET /health HTTP/1.1\r\n${HOST}\r\nNONSENSE\r\n\r\n`).closed()
  expect(Array.from(answer.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status)).toEqual(['200', '400'])
})

test('invalid bytes after the request of a stream make the server end the stream without writing a 400 into it', async () => {
  await using server = await serve()
  const client = raw(server.port, `GET /feed/lobby/sse HTTP/1.1\r\n${HOST}\r\n`)
  await new Promise((resolve) => client.socket.once('data', resolve))
  client.socket.write('NONSENSE\r\n\r\n')
  expect(await client.closed()).not.toContain('400')
})

const BODIES: [string, string][] = [
  ['POST', '/feed/lobby'],
  ['POST', '/boards/lobby'],
  ['POST', '/feed/lobby/typing'],
  ['POST', '/feed/lobby/leave'],
  ['PUT', '/lab/settings'],
  ['POST', '/lab/cut'],
  ['POST', '/session'],
]

const send = (url: string, method: string, headers: Record<string, string>, body: string | Buffer<ArrayBuffer>) =>
  fetch(new Request(url, { method, headers, body }))

/** The name `Jörg` in the encoding of older Windows shells. */
const LATIN1 = Buffer.from('{"user":"J\xf6rg","text":"hello"}', 'latin1')
const AUTH = { password: 'correct horse battery' }

test.each(BODIES)('the route %s %s refuses a body that is not UTF-8', async (method, path) => {
  await using server = await serve({ auth: path === '/session' ? AUTH : undefined })
  for (const body of [
    LATIN1,
    Buffer.from([0x22, 0xc3, 0x22]),
    Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    Buffer.from('\ufeff{"user":"Ada","text":"hello"}', 'utf16le'),
    Buffer.from('{"user":"Ada","text":"hello"}', 'utf16le'),
  ]) {
    const headers = { 'content-type': 'application/json' }
    const response = await send(server.origin + path, method, headers, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'bad-json', remedy: expect.stringMatching(/UTF-8/) })
  }
})

test.each(BODIES)(
  'the route %s %s refuses a compressed body, and names identity as the only accepted coding',
  async (method, path) => {
    await using server = await serve({ auth: path === '/session' ? AUTH : undefined })
    for (const coding of ['gzip', 'br', 'deflate', 'zstd', 'GZIP', 'identity, gzip', 'x-none']) {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding }
      const response = await send(server.origin + path, method, headers, BODY)
      expect([response.status, response.headers.get('accept-encoding')]).toEqual([415, 'identity'])
      expect(await response.json()).toMatchObject({ code: 'coded-body', detail: `Content-Encoding is "${coding}".` })
    }
  },
)

test.each(BODIES)('the route %s %s refuses a body with a charset other than UTF-8', async (method, path) => {
  await using server = await serve({ auth: path === '/session' ? AUTH : undefined })
  for (const charset of ['iso-8859-1', '"windows-1252"', 'utf-16', ' latin1']) {
    const headers = { 'content-type': `application/json; charset=${charset}` }
    const response = await send(server.origin + path, method, headers, BODY)
    expect(response.status).toBe(415)
    expect(await response.json()).toMatchObject({ code: 'wrong-type' })
  }
})

test.each([
  ['a byte order mark', 'application/json', `\ufeff${BODY}`],
  ['charset=utf-8', 'application/json; charset=utf-8', BODY],
  ['charset="UTF-8"', 'application/json;charset="UTF-8"', BODY],
  ['charset=utf8', 'Application/JSON; charset=utf8', BODY],
])('a body with %s is accepted', async (_what, type, body) => {
  await using server = await serve()
  const response = await fetch(`${server.origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  expect([response.status, (await response.json()).text]).toEqual([201, 'b'])
})

const AT_ONCE = [
  '/',
  '/main.ts',
  '/lessons',
  '/health',
  '/metrics',
  '/openapi.json',
  '/session',
  '/boards/lobby',
  '/feed/lobby/poll',
  '/feed/lobby/poll?after=0',
  '/feed/lobby/presence',
  '/lab/lanes',
]

test.each(AT_ONCE)('a HEAD request for %s gets the same headers as GET and no body', async (path) => {
  await using server = await serve()
  const of = async (method: string) => {
    const { status, headers, body } = await ask(server.port, `${method} ${path} HTTP/1.1\r\n${HOST}${END}`)
    const others: Record<string, string> = { ...headers, date: '' }
    // These pages contain numbers, which may be a digit longer at the second request.
    if (path === '/metrics' || path === '/lab/lanes') others['content-length'] = String('content-length' in headers)
    return { status, headers: others, body }
  }
  const [got, head] = [await of('GET'), await of('HEAD')]
  expect(head).toEqual({ ...got, body: '' })
  expect(got.headers).toHaveProperty(got.status === 204 ? 'cache-control' : 'content-length')
})

const HELD = [
  '/feed/lobby/long-poll',
  '/feed/lobby/sse',
  '/feed/lobby/stream',
  '/feed/lobby/ws',
  '/ws',
  '/chat/ws',
  '/lab',
  '/lessons/state',
]

test.each(HELD)(
  'a HEAD request for %s is refused, because the server would not end its response at once',
  async (path) => {
    await using server = await serve()
    const { status, headers } = await ask(server.port, `HEAD ${path} HTTP/1.1\r\n${HOST}${END}`)
    expect([status, headers['allow']]).toEqual([405, 'GET, OPTIONS'])
  },
)

test.each([
  ['/health', 'GET, HEAD, OPTIONS'],
  ['/feed/lobby', 'POST, OPTIONS'],
  ['/boards/lobby', 'GET, HEAD, POST, DELETE, OPTIONS'],
  ['/lab/settings', 'PUT, OPTIONS'],
  ['/feed/lobby/sse', 'GET, OPTIONS'],
])(
  'for %s, the response to OPTIONS and the refusal of a wrong method name the same allowed methods',
  async (path, allow) => {
    await using server = await serve()
    for (const [method, status] of [
      ['OPTIONS', 204],
      ['PATCH', 405],
      ['PROPFIND', 405],
    ] as const) {
      const answer = await ask(server.port, `${method} ${path} HTTP/1.1\r\n${HOST}${END}`)
      expect([answer.status, answer.headers['allow']]).toEqual([status, allow])
    }
  },
)

test('a request OPTIONS * gets 204, and an OPTIONS request for an unknown path gets 404', async () => {
  await using server = await serve()
  expect((await ask(server.port, `OPTIONS * HTTP/1.1\r\n${HOST}${END}`)).status).toBe(204)
  expect((await ask(server.port, `OPTIONS /nowhere HTTP/1.1\r\n${HOST}${END}`)).status).toBe(404)
})
