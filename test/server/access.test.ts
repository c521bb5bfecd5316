import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { serve } from '../serve.ts'

/** What only the instructor may do is not what these are about. */
const TOKEN = 'k7f2-9xqm-abcd-0123'

const ROUTES = {
  'the page': ['GET', '/index.html'],
  'a short poll': ['GET', '/feed/lobby/poll'],
  'a long poll': ['GET', '/feed/lobby/long-poll'],
  'an event stream': ['GET', '/feed/lobby/sse'],
  'a WebSocket': ['UPGRADE', '/feed/lobby/ws'],
  'the bare WebSocket': ['UPGRADE', '/'],
  'the bare WebSocket by its name': ['UPGRADE', '/ws'],
  'the lab': ['UPGRADE', '/lab?room=lobby'],
  'a publish': ['POST', '/feed/lobby'],
  'the settings': ['PUT', '/lab/settings'],
  'a cut': ['POST', '/lab/cut'],
  'the lanes': ['GET', '/lab/lanes'],
  'the health': ['HEAD', '/health'],
  'a preflight': ['OPTIONS', '/feed/lobby'],
  'a method that nothing takes': ['DELETE', '/feed/lobby/sse'],
  'what is not there': ['GET', '/nowhere'],
} as const

// "own" is the address that was asked for; the port is part of an origin and not of a host name.
const CASES = [
  ['no origin', '127.0.0.1', undefined, true],
  ['its own origin', '127.0.0.1', 'http://own', true],
  ['its own origin behind TLS', '127.0.0.1', 'https://own', true],
  ['localhost', 'localhost', 'http://own', true],
  ['an allowed name', 'lan.test', 'http://own', true],
  ['an allowed name in capitals', 'LAN.test', undefined, true],
  ['another port', '127.0.0.1', 'http://127.0.0.1:1', false],
  ['the null origin', '127.0.0.1', 'null', false],
  ['another site', '127.0.0.1', 'http://evil.example', false],
  ['a name that begins alike', '127.0.0.1', 'http://127.0.0.1.evil.example', false],
  ['a rebound name', 'evil.example', 'http://own', false],
  ['a rebound name without an origin', 'evil.example', undefined, false],
  ['no host', '', undefined, false],
] as const

for (const [what, [method, path]] of Object.entries(ROUTES)) {
  test.each(CASES)(`${what}: %s`, async (_who, name, origin, allowed) => {
    await using server = await serve({ allowHosts: ['lan.test'], token: TOKEN })
    const host = name === '' ? '' : `${name}:${server.port}`
    const status = await ask(server.port, method, path, host, origin?.replace('own', host))
    if (allowed) expect([101, 200, 201, 204, 400, 404, 405]).toContain(status)
    else expect([421, 403]).toContain(status)
  })
}

test.each([
  ['localhost', {}, 200],
  ['127.0.0.1', {}, 200],
  ['[::1]', {}, 200],
  ['lan.test', {}, 403],
  ['localhost', { Forwarded: 'for=192.0.2.1' }, 403],
  ['localhost', { 'X-Forwarded-For': '192.0.2.1' }, 403],
  ['localhost', { 'X-Real-IP': '192.0.2.1' }, 403],
  ['localhost', { Via: '1.1 proxy' }, 403],
])(
  'who asks for %s with %o from this machine is answered %i where the instructor is',
  async (name, headers, status) => {
    await using server = await serve({ allowHosts: ['lan.test'] })
    const { statusCode } = await server.app.inject({ url: '/lab/lanes', headers: { host: `${name}:80`, ...headers } })
    expect(statusCode).toBe(status)
  },
)

async function ask(
  port: number,
  method: string,
  path: string,
  host: string,
  origin: string | undefined,
): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  const hasBody = method === 'POST' || method === 'PUT'
  const body = hasBody ? '{"user":"a","text":"b"}' : ''
  socket.write(
    [
      `${method === 'UPGRADE' ? 'GET' : method} ${path} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: Bearer ${TOKEN}`,
      ...(origin === undefined ? [] : [`Origin: ${origin}`]),
      ...(method === 'UPGRADE'
        ? [
            'Connection: Upgrade',
            'Upgrade: websocket',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          ]
        : []),
      ...(hasBody ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []),
      '',
      body,
    ].join('\r\n'),
  )
  const [first] = await once(socket, 'data')
  socket.destroy()
  return Number(String(first).split(' ')[1])
}
