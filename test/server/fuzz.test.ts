/** Nothing that a client sends makes a 500 or ends the process. fast-check prints the seed of what it finds. */
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../serve.ts'

const METHODS = fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'FOO')
const PIECE = fc.oneof(
  fc.constantFrom(
    'feed',
    'lobby',
    'poll',
    'long-poll',
    'sse',
    'ws',
    'lab',
    'source',
    'vendor',
    'server',
    'index.html',
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%00',
    '%zz',
    '__proto__',
    '*',
    '{}',
  ),
  fc.stringMatching(/^[!-~]{0,12}$/),
)
const NAME = fc.constantFrom('after', 'last', 'limit', 'lane', 'room', '__proto__', 'after[]', 'wait')
const VALUE = fc.oneof(
  fc.constantFrom('0', '-1', '1e9', 'NaN', 'abc.1', 'a.99999999999999999', '%ff', '', '0.0001'),
  fc.stringMatching(/^[!-~]{0,20}$/),
)
const HEADER = fc.constantFrom(
  'origin',
  'content-type',
  'last-event-id',
  'prefer',
  'idempotency-key',
  'upgrade',
  'connection',
  'expect',
  'transfer-encoding',
  'if-none-match',
  'range',
  'sec-websocket-key',
)
const HEADER_VALUE = fc.oneof(
  fc.constantFrom(
    'application/json',
    'websocket',
    'Upgrade',
    'null',
    '100-continue',
    'chunked',
    'bytes=5-1',
    'wait=999',
    '*',
  ),
  fc.stringMatching(/^[\x20-\x7e\x80-\xff]{0,30}$/),
)
const BODY = fc.oneof(
  fc.json(),
  fc.string(),
  fc.constantFrom('{"user":null,"text":{}}', '{"user":"a","text":"b"}', '[[[[', '"\ud800"'),
)

test('requests of all kinds are answered, and never by a 500', async () => {
  await using server = await serve()
  await fc.assert(
    fc.asyncProperty(
      METHODS,
      fc.array(PIECE, { maxLength: 5 }),
      fc.array(fc.tuple(NAME, VALUE), { maxLength: 3 }),
      fc.array(fc.tuple(HEADER, HEADER_VALUE), { maxLength: 4 }),
      BODY,
      async (method, path, query, headers, body) => {
        const target =
          `/${path.join('/')}${query.length > 0 ? '?' : ''}${query.map((pair) => pair.join('=')).join('&')}`.replaceAll(
            /[\s#]/g,
            '',
          )
        const text = [
          `${method} ${target} HTTP/1.1`,
          'Host: localhost',
          ...headers.map((pair) => pair.join(': ')),
          `Content-Length: ${Buffer.byteLength(body)}`,
          '',
          body,
        ].join('\r\n')
        expect(await firstLine(server.port, text), text).not.toMatch(/^HTTP\/1\.1 5/)
      },
    ),
    { numRuns: 700 },
  )
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('messages of all kinds over the feed\u2019s and the lab\u2019s WebSocket leave the server as it was', async () => {
  await using server = await serve()
  const ANY = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc
      .record(
        {
          type: fc.constantFrom('ping', 'join', 'leave', 'typing', 'message', 'clock', 'settings', '__proto__'),
          room: fc.anything(),
          boardId: fc.anything(),
          name: fc.anything(),
          user: fc.anything(),
          text: fc.anything(),
          key: fc.anything(),
          t0: fc.anything(),
          settings: fc.anything(),
        },
        { requiredKeys: ['type'] },
      )
      .map((message) => JSON.stringify(message) ?? ''),
    fc.uint8Array({ maxLength: 200 }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/', '/feed/lobby/ws', '/lab'),
      fc.array(ANY, { maxLength: 30 }),
      async (path, messages) => {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`)
        await once(socket, 'open')
        for (const message of messages) socket.send(message)
        socket.send('{"type":"dance"}')
        socket.close()
        const [code] = await once(socket, 'close')
        expect(code).toBe(1005)
      },
    ),
    { numRuns: 60 },
  )
  expect((await fetch(`${server.origin}/health`)).status).toBe(200)
})

test('raw bytes where frames should be end that connection and no other', async () => {
  await using server = await serve()
  const bystander = new WebSocket(`ws://127.0.0.1:${server.port}/feed/lobby/ws`)
  await once(bystander, 'open')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(
        'GET /feed/lobby/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
      await once(socket, 'data')
      socket.resume()
      socket.end(bytes)
      await once(socket, 'close')
    }),
    { numRuns: 150 },
  )
  const message = once(bystander, 'message')
  await server.publish('still here')
  expect(String(await message)).toMatch(/still here/)
  bystander.close()
})

/** The status line of the answer, or nothing where the server only hangs up. */
async function firstLine(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  const answer = await Promise.race([
    once(socket, 'data').then(([data]) => String(data)),
    once(socket, 'close').then(() => ''),
  ])
  socket.destroy()
  return answer.split('\r\n')[0] ?? ''
}
