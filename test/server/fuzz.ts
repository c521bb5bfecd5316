/** Random input for the server. fast-check prints the seed of a failure; FUZZ_SEED repeats it. */
import { once } from 'node:events'
import fc from 'fast-check'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { raw, rawWebSocket } from '../raw.ts'
import type { Served } from '../serve.ts'

export const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

const METHODS = fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'FOO')
const PIECE = fc.oneof(
  fc.constantFrom(
    'feed',
    'lobby',
    'poll',
    'long-poll',
    'sse',
    'stream',
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

/** A message of a WebSocket, as text or as bytes. */
export const WS_MESSAGE = fc.oneof(
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
  // An object that cannot become a text.
  fc.constantFrom('{"type":{"toString":0}}', '{"type":"join","boardId":{"toString":0}}', 'null', '[]', '1'),
  fc.uint8Array({ maxLength: 200 }),
)

/** A whole request, with any method, target, headers and body. */
export const REQUEST = fc
  .record({
    method: METHODS,
    target: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.tuple(fc.array(PIECE, { maxLength: 5 }), fc.array(fc.tuple(NAME, VALUE), { maxLength: 3 })),
      },
      { weight: 1, arbitrary: fc.constantFrom('//', '//[', '//a:b', 'http://', 'http://[', '*', '/?', '/??a=b') },
    ),
    headers: fc.array(fc.tuple(HEADER, HEADER_VALUE), { maxLength: 4 }),
    body: BODY,
  })
  .map(({ method, target, headers, body }) =>
    [
      `${method} ${typeof target === 'string' ? target : targetOf(...target)} HTTP/1.1`,
      'Host: localhost',
      ...headers.map((pair) => pair.join(': ')),
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  )

function targetOf(path: readonly string[], query: readonly (readonly string[])[]): string {
  const text = `/${path.join('/')}${query.length > 0 ? '?' : ''}${query.map((pair) => pair.join('=')).join('&')}`
  return text.replaceAll(/[\s#]/g, '')
}

/** Sends random requests, which must all get a response without a 5xx. */
export async function throwRequests({ port }: Served, numRuns: number): Promise<void> {
  console.log(`requests with FUZZ_SEED=${SEED}`)
  await fc.assert(
    fc.asyncProperty(REQUEST, async (text) => {
      expect(await firstLine(port, text), text).not.toMatch(/^HTTP\/1\.1 5/)
    }),
    { numRuns, seed: SEED },
  )
}

/** Sends random messages over the feed's and the lab's WebSocket, up to thirty in a run. The connection must stay usable. */
export async function throwMessages({ port }: Served, numRuns: number): Promise<void> {
  console.log(`messages with FUZZ_SEED=${SEED}`)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/', '/feed/lobby/ws', '/lab'),
      fc.array(WS_MESSAGE, { maxLength: 30 }),
      async (path, messages) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
        await once(socket, 'open')
        for (const message of messages) socket.send(message)
        socket.send('{"type":"dance"}')
        socket.close()
        const [code] = await once(socket, 'close')
        expect(code).toBe(1005)
      },
    ),
    { numRuns, seed: SEED },
  )
}

/** Sends random bytes in place of frames, which must end their connection. */
export async function throwFrames({ port }: Served, numRuns: number): Promise<void> {
  console.log(`frames with FUZZ_SEED=${SEED}`)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
      const client = await rawWebSocket(port)
      client.socket.end(bytes)
      await client.closed()
    }),
    { numRuns, seed: SEED },
  )
}

/** Returns the status line of the response; an empty text if the server only closes the connection. */
async function firstLine(port: number, text: string): Promise<string> {
  const client = raw(port, Buffer.from(text, 'latin1'))
  await Promise.race([once(client.socket, 'data'), once(client.socket, 'close')])
  await client.close()
  return client.text().split('\r\n')[0] ?? ''
}
