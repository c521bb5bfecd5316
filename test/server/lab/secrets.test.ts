/** No secret leaves the server, in no encoding, wherever it stood and however it was split. fast-check prints the seed of what it finds. */
import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspect } from '../../../server/lab/inspect.ts'
import { readingOf } from '../../../server/lab/lanes.ts'
import type { Inspected, Part } from '../../../server/protocol.ts'
import { createCapture } from '../../../server/wire/capture.ts'
import { frame } from '../wire/frame.ts'
import { pieced } from '../wire/pieced.ts'

interface Sent {
  readonly url?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly up?: readonly Buffer[]
  readonly down?: string | Buffer
  /** Where what crosses is cut into TCP segments. */
  readonly cuts?: readonly number[]
}

/** As the inspector shows it. */
function shown({
  url = '/feed/a/ws?lane=a.1',
  headers = [],
  body = '',
  up = [],
  down = '',
  cuts = [],
}: Sent): Inspected {
  const capture = createCapture()
  capture.watch('a', () => {})
  const request = { method: 'POST', url, httpVersion: '1.1', rawHeaders: ['Host', 'x', ...headers] } as IncomingMessage
  const reading = readingOf({ url })
  const recording = reading && capture.begin(reading, request, { number: 1, requests: 0 }, body !== '')
  if (!recording) throw new Error(`${url} names no lane.`)
  recording.head(100)
  for (const piece of body === '' ? [] : pieced(Buffer.from(body), cuts)) recording.body(piece)
  if (body !== '') recording.whole(Buffer.byteLength(body), Buffer.byteLength(body))
  for (const piece of pieced(Buffer.from(down), cuts)) recording.down(piece)
  for (const piece of pieced(Buffer.concat(up), cuts)) recording.framesUp(piece)
  return inspect(recording)
}

const textOf = (parts: readonly Part[]): string => parts.map((part) => ('text' in part ? part.text : '')).join('')

const head = (headers: readonly string[]): string => textOf(shown({ headers }).parts.slice(0, 1))

test.each([
  ['Cookie', 'a=one; b=two', 'a=\u2022\u2022\u2022; b=\u2022\u2022\u2022'],
  ['Cookie', 'nameless', '\u2022'.repeat(8)],
  ['Set-Cookie', 'id=abc; Path=/; HttpOnly', 'id=\u2022\u2022\u2022; Path=/; HttpOnly'],
  ['authorization', 'Bearer abc,d', `Bearer ${'\u2022'.repeat(5)}`],
  ['Authorization', 'abc', '\u2022\u2022\u2022'],
  ['Proxy-Authorization', 'Basic QQ==', 'Basic \u2022\u2022\u2022\u2022'],
  ['X-CSRF-Token', 'abc', '\u2022\u2022\u2022'],
  ['X-Api-Key', 'abc', '\u2022\u2022\u2022'],
  ['Sec-WebSocket-Protocol', 'chat, abc', '\u2022\u2022\u2022\u2022, \u2022\u2022\u2022'],
  ['Referer', 'http://h/?a=1&Token=abc#d', 'http://h/?a=1&Token=\u2022\u2022\u2022#d'],
  ['Referer', 'http://me:it@h/', 'http://\u2022\u2022\u2022\u2022\u2022@h/'],
])('of the field %s: %s this is shown: %s', (name, value, shown) => {
  expect(head([name, value])).toContain(`\r\n${name}: ${shown}\r\n`)
})

test.each(['Sec-WebSocket-Key', 'Idempotency-Key', 'Last-Event-ID', 'Accept', 'X-Accel-Buffering'])(
  'of the field %s all is shown',
  (name) => expect(head([name, 'a=b; c'])).toContain(`\r\n${name}: a=b; c\r\n`),
)

test('of a query only what is named like a secret is hidden, whatever its case and its escapes', () => {
  const url = '/feed/a/poll?lane=a.1&after=x.1&access_TOKEN=abc&%6bey=abc&API-Key=&wait=1&mySession=a%20b'
  expect(textOf(shown({ url }).parts)).toMatch(
    '/feed/a/poll?lane=a.1&after=x.1&access_TOKEN=\u2022\u2022\u2022&%6bey=\u2022\u2022\u2022&API-Key=&wait=1&mySession=\u2022\u2022\u2022\u2022\u2022 ',
  )
})

test('of JSON only the values of such keys are hidden, as many characters as they have', () => {
  const body = '{"user":"Ada","token" : "z\u00f6\\"lf","a":{"myPassword":"","secret":12, "key":"k"},"text":"a token"}'
  expect(textOf(shown({ body }).parts.slice(1))).toBe(
    '{"user":"Ada","token" : "\u2022\u2022\u2022\u2022\u2022\u2022","a":{"myPassword":"","secret":\u2022\u2022, "key":"k"},"text":"a token"}',
  )
})

test('in a frame what is hidden is so in the text and in the payload, each byte', () => {
  const [, , part] = shown({
    down: 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    up: [frame(Buffer.from('{"ticket":"z\u00f6lf"}'), { mask: true })],
  }).parts
  expect(part).toMatchObject({
    text: '{"ticket":"\u2022\u2022\u2022\u2022"}',
    payload: expect.stringMatching(/^[\da-f]{22}\u2022{10}[\da-f]{4}$/),
    length: 18,
  })
})

test('what is not known to be harmless behind a gap is hidden', () => {
  const capture = createCapture({ laneBytes: 20_000, totalBytes: 20_000, lanes: 1 })
  capture.watch('a', () => {})
  const url = '/feed/a/ws?lane=a.1'
  const reading = readingOf({ url })
  const request = { method: 'GET', url, httpVersion: '1.1', rawHeaders: [] } as unknown as IncomingMessage
  const recording = reading && capture.begin(reading, request, { number: 1, requests: 0 }, false)
  recording?.head(30)
  recording?.down(Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  recording?.framesUp(frame(Buffer.from('{"token":"'), { mask: true, fin: false }))
  for (let i = 0; i < 100; i++)
    recording?.framesUp(frame(Buffer.from(`planted${i}`), { mask: true, fin: false, opcode: 0 }))
  recording?.framesUp(frame(Buffer.from('"}'), { mask: true, opcode: 0 }))
  recording?.framesUp(frame(Buffer.from('{"user":"Ada"}'), { mask: true }))
  if (!recording) throw new Error('It is not recorded.')
  const { parts } = inspect(recording)
  expect(parts.some(({ is }) => is === 'dropped')).toBe(true)
  expect(textOf(parts)).not.toContain('planted')
  expect(textOf(parts)).toContain('{"user":"Ada"}')
})

test('an exchange with more secrets than anybody has is not shown at all', () => {
  const body = Array.from({ length: 3000 }, (_, i) => `token=planted${i}`).join('&')
  const text = textOf(shown({ body }).parts)
  expect(text).not.toMatch(/planted|token|POST/)
})

/** Of at least as many characters as are looked for elsewhere. */
const SECRET = fc.string({
  minLength: 6,
  maxLength: 30,
  unit: fc.constantFrom(...'abcXYZ019-_.~!$*()/\\"%+ ', '\u00f6', '\u20ac', '\u{1F600}'),
})

type Plant = (secret: string) => Sent

const json = (secret: string): string => `{"user":"Ada","accessToken":${JSON.stringify(secret)},"text":"hi"}`

const chunks = (...texts: string[]): string =>
  texts.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`).join('')

const fragments = (text: string, at: number, mask: boolean): Buffer[] => {
  const bytes = Buffer.from(text)
  return [
    frame(bytes.subarray(0, at), { mask, fin: false }),
    frame(Buffer.from('still?'), { mask, opcode: 9 }),
    frame(bytes.subarray(at), { mask, opcode: 0 }),
  ]
}

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\n\r\n'

const answer = (text: string): string =>
  `HTTP/1.1 400 Bad Request\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`

const PLANTS: Record<string, Plant> = {
  query: (secret) => ({ url: `/feed/a/ws?lane=a.1&ticket=${encodeURIComponent(secret)}&a=b` }),
  'query that an error quotes': (secret) => ({
    url: `/feed/a/ws?lane=a.1&x-auth=${encodeURIComponent(secret)}`,
    down: answer(JSON.stringify({ detail: `Nothing at ?x-auth=${secret}, or ${encodeURIComponent(secret)}.` })),
  }),
  cookie: (secret) => ({ headers: ['Cookie', `a=b; id=${encodeURIComponent(secret)}`], down: answer(secret) }),
  token: (secret) => ({ headers: ['X-My-Token', encodeURIComponent(secret)] }),
  'Set-Cookie': (secret) => ({
    down: `HTTP/1.1 204 No Content\r\nSet-Cookie: id=${encodeURIComponent(secret)}; Path=/\r\n\r\n`,
  }),
  'body of a request, echoed': (secret) => ({
    body: json(secret),
    down: answer(JSON.stringify({ detail: `${secret} is wrong` })),
  }),
  'body of an answer': (secret) => ({ down: answer(json(secret)) }),
  chunks: (secret) => ({
    down: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(json(secret).slice(0, 36), json(secret).slice(36))}`,
  }),
  'event stream': (secret) => ({
    url: '/feed/a/sse?lane=a.1',
    down: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(`id: 1\ndata: ${json(secret)}\n\n`)}`,
  }),
  'message up': (secret) => ({ down: UPGRADED, up: [frame(Buffer.from(json(secret)), { mask: true })] }),
  'fragments up': (secret) => ({ down: UPGRADED, up: fragments(json(secret), 33, true) }),
  'fragments down': (secret) => ({
    down: Buffer.concat([Buffer.from(UPGRADED), ...fragments(json(secret), 33, false)]),
  }),
}

test.each(Object.entries(PLANTS))('a secret in a %s is in nothing that is answered', (_where, plant) => {
  fc.assert(
    fc.property(SECRET, fc.array(fc.nat(400), { maxLength: 20 }), (secret, cuts) => {
      const inspected = shown({ ...plant(secret), cuts })
      expect(leaks(inspected, secret)).toEqual([])
    }),
    { numRuns: 200 },
  )
})

/** Pieces of it, in what an answer holds: text, hexadecimal, or a payload that is unmasked. */
function leaks(inspected: Inspected, secret: string): string[] {
  const payloads = inspected.parts.map((part) => (part.is === 'frame' ? plainOf(part.payload, part.mask) : ''))
  const all = [JSON.stringify(inspected), textOf(inspected.parts), payloads.join('')].join('\n')
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
  return forms
    .flatMap((form) => [
      ...pieces(form, PIECE),
      ...pieces(Buffer.from(form).toString('latin1'), PIECE),
      ...pieces(Buffer.from(form).toString('hex'), PIECE * 2),
    ])
    .filter((piece) => all.includes(piece))
}

const pieces = (form: string, length: number): string[] =>
  Array.from({ length: Math.max(0, form.length - length + 1) }, (_, i) => form.slice(i, i + length))

/** What is shorter may well stand there by chance. */
const PIECE = 6

function plainOf(payload: string, mask: string | null): string {
  const key = Buffer.from(mask ?? '00000000', 'hex')
  const bytes = (payload.match(/../g) ?? []).map((pair, i) => Number.parseInt(pair, 16) ^ (key[i % 4] ?? 0))
  return Buffer.from(bytes).toString()
}
