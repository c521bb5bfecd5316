import { connect } from 'node:net'
import { once } from 'node:events'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createAccess } from '../../../server/access/access.ts'
import { answerError } from '../../../server/http/error-handler.ts'
import { serve } from '../../serve.ts'

/** Every request carries the instructor's token, so that only hosts and origins decide. */
const TOKEN = 'k7f2-9xqm-abcd-0123'

const ROUTES = {
  'the page': ['GET', '/index.html'],
  'a short poll': ['GET', '/feed/lobby/poll'],
  'a long poll': ['GET', '/feed/lobby/long-poll'],
  'an event stream': ['GET', '/feed/lobby/sse'],
  'streaming HTTP': ['GET', '/feed/lobby/stream'],
  'a WebSocket': ['UPGRADE', '/feed/lobby/ws'],
  'the bare WebSocket': ['UPGRADE', '/'],
  'the bare WebSocket by its name': ['UPGRADE', '/ws'],
  'the lab': ['UPGRADE', '/lab?room=lobby'],
  'a publish': ['POST', '/feed/lobby'],
  'the settings': ['PUT', '/lab/settings'],
  'a cut': ['POST', '/lab/cut'],
  'the lanes': ['GET', '/lab/lanes'],
  'the health': ['GET', '/health'],
  'a preflight': ['OPTIONS', '/feed/lobby'],
  'an unsupported method': ['DELETE', '/feed/lobby/sse'],
  'an unknown path': ['GET', '/nowhere'],
} as const

/** Routes that everybody may read, from any page and by any host name, because the repository is public. */
const PUBLIC = ['the page', 'an unknown path']

// "own" stands for the requested address. The port is part of an origin but not of a host name.
const CASES = [
  ['no origin', '127.0.0.1', undefined, true],
  ['its own origin', '127.0.0.1', 'http://own', true],
  ['its own origin behind TLS', '127.0.0.1', 'https://own', true],
  ['localhost', 'localhost', 'http://own', true],
  ['an allowed name', 'lan.test', 'http://own', true],
  ['an allowed name in capitals', 'LAN.test', 'http://own', true],
  ['localhost in capitals', 'LOCALHOST', undefined, true],
  ['localhost with a dot at its end', 'localhost.', 'http://own', true],
  ['the loopback address of IPv6 in full', '[0:0:0:0:0:0:0:1]', 'http://[::1]:PORT', true],
  ['another port', '127.0.0.1', 'http://127.0.0.1:1', false],
  ['the null origin', '127.0.0.1', 'null', false],
  ['another site', '127.0.0.1', 'http://evil.example', false],
  ['a name with the same beginning', '127.0.0.1', 'http://127.0.0.1.evil.example', false],
  ['a name that DNS rebinding points at this machine', 'evil.example', 'http://own', false],
  ['a name that DNS rebinding points at this machine without an origin', 'evil.example', undefined, false],
  ['an empty host', '', undefined, false],
  ['its own origin with a path', '127.0.0.1', 'http://own/', false],
  ['its own origin with a user', '127.0.0.1', 'http://a@own', false],
  ['its own origin twice', '127.0.0.1', 'http://own, http://own', false],
] as const

for (const [what, [method, path]] of Object.entries(ROUTES)) {
  test.each(CASES)(
    `${what} is accepted or refused as expected with this host and origin: %s`,
    async (_who, name, origin, allowed) => {
      await using server = await serve({ allowHosts: ['lan.test'], token: TOKEN })
      const host = name === '' ? '' : `${name}:${server.port}`
      const status = await ask(
        server.port,
        method,
        path,
        host,
        origin?.replace('own', host).replace('PORT', String(server.port)),
      )
      if (allowed || PUBLIC.includes(what)) expect([101, 200, 201, 204, 400, 404, 405]).toContain(status)
      else expect([421, 403]).toContain(status)
    },
  )
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
  "a request from this machine with the host %s and the fields %o gets %i on an instructor's route",
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

test('a route that names no audience is open only to people who have signed in', async () => {
  const access = createAccess({ auth: { password: 'four-wires-and-a-class' } })
  await using app = Fastify()
  app.addHook('onRequest', async (request, reply) => (access.check(request, reply) ? reply : undefined))
  app.setErrorHandler(answerError)
  access.serve(app)
  app.get('/forgotten', async () => 'hello')
  const { statusCode } = await app.inject({ url: '/forgotten', headers: { host: 'localhost' } })
  expect(statusCode).toBe(401)
})
