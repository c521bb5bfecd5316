/** The server sends no secret in any encoding, from any place and however it is split. fast-check prints the seed of a failure. */
import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspect } from '../../../server/lab/inspect.ts'
import type { Work } from '../../../server/lab/slices.ts'
import { readLanes } from '../../../server/lab/lanes.ts'
import { transports } from '../../../server/transports/index.ts'
import type { Inspected, Part } from '../../../server/protocol/wire.ts'
import { createCapture } from '../../../server/wire/capture/capture.ts'
import type { Recording } from '../../../server/wire/capture/recording.ts'
import { frame } from '../wire/frame.ts'
import { pieced } from '../wire/pieced.ts'

interface Sent {
  readonly url?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly up?: readonly Buffer[]
  readonly down?: string | Buffer
  /** Positions at which the bytes are cut into TCP segments. */
  readonly cuts?: readonly number[]
}

/** Returns an exchange as the inspector shows it. */
const { readingOf } = readLanes(transports)

const shown = (sent: Sent): Inspected => finish(inspect(recorded(sent)))

function recorded({
  url = '/feed/a/ws?lane=a.1',
  headers = [],
  body = '',
  up = [],
  down = '',
  cuts = [],
}: Sent): Recording {
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
  return recording
}

function finish<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
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
])('the inspection shows the field %s: %s as %s', (name, value, shown) => {
  expect(head([name, value])).toContain(`\r\n${name}: ${shown}\r\n`)
})

test.each(['Sec-WebSocket-Key', 'Idempotency-Key', 'Last-Event-ID', 'Accept', 'X-Accel-Buffering'])(
  'the inspection shows the whole value of the field %s',
  (name) => expect(head([name, 'a=b; c'])).toContain(`\r\n${name}: a=b; c\r\n`),
)

test('in a query, only the values of secret names are hidden, even if names have other letter cases or escapes', () => {
  const url = '/feed/a/poll?lane=a.1&after=x.1&access_TOKEN=abc&%6bey=abc&API-Key=&wait=1&mySession=a%20b'
  expect(textOf(shown({ url }).parts)).toMatch(
    '/feed/a/poll?lane=a.1&after=x.1&access_TOKEN=\u2022\u2022\u2022&%6bey=\u2022\u2022\u2022&API-Key=&wait=1&mySession=\u2022\u2022\u2022\u2022\u2022 ',
  )
})

test('in JSON, only the values of secret keys are hidden, with one bullet for each character', () => {
  const body = '{"user":"Ada","token" : "z\u00f6\\"lf","a":{"myPassword":"","secret":12, "key":"k"},"text":"a token"}'
  expect(textOf(shown({ body }).parts.slice(1))).toBe(
    '{"user":"Ada","token" : "\u2022\u2022\u2022\u2022\u2022\u2022","a":{"myPassword":"","secret":\u2022\u2022, "key":"k"},"text":"a token"}',
  )
})

test('if a byte of a frame is hidden, it is hidden in both the text and the payload', () => {
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

test('after dropped bytes, text that could be part of a secret is hidden', () => {
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
  const { parts } = finish(inspect(recording))
  expect(parts.some(({ is }) => is === 'dropped')).toBe(true)
  expect(textOf(parts)).not.toContain('planted')
  expect(textOf(parts)).toContain('{"user":"Ada"}')
})

test('nothing is shown of an exchange with too many secrets', () => {
  const body = Array.from({ length: 3000 }, (_, i) => `token=planted${i}`).join('&')
  const text = textOf(shown({ body }).parts)
  expect(text).not.toMatch(/planted|token|POST/)
})

const MESSAGE_LENGTH = 15_000

const filled = (pattern: string): string =>
  pattern.repeat(Math.ceil(MESSAGE_LENGTH / pattern.length)).slice(0, MESSAGE_LENGTH)

const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text)

const TOKENS = Array.from({ length: 990 }, (_, i) => `"token${i}":"aaaaaaaa${i}"`).join(',')

/** Messages that fill one exchange. Each one is slow to search in another way. */
const SLOW: Record<string, readonly string[]> = {
  '990 secrets that the text almost contains': [`{${TOKENS}}`, ...times(14, filled('a'))],
  'a parameter name without an end': times(14, filled('a')),
  'nested parameters': times(14, filled('token=')),
  'nested values without quotes': times(14, filled('"token":x')),
  'nested values in quotes': times(14, `"token":"${filled('\\"token\\":\\"')}`),
  'values of one character': times(14, filled('"token":')),
  'keys without values': times(14, filled('"\n:')),
  'keys with broken escapes': times(14, filled('"\\u0":')),
  'names with broken escapes': times(14, filled('%zz%6=')),
  'a quote and many spaces': times(14, `"${filled(' ')}`),
  'the slashes of many addresses': times(14, filled('//a')),
  'a long secret at every place': [`"token":"${filled('a')}"`, ...times(13, filled('a'))],
  'a long secret whose last character is missing in the text': [
    `"token":"${'a'.repeat(7000)}b"`,
    ...times(14, filled('a')),
  ],
  'a short secret at many places': ['"token":"aaaa"', ...times(14, filled('aaaab'))],
}

const MOST_CPU_MS = 800
const LONGEST_PAUSE_CPU_MS = 100

test.each(Object.entries(SLOW))(
  'a search for secrets through %s takes no more than the allowed time, and pauses often',
  (_what, texts) => {
    for (const isOneMessage of [false, true]) {
      const up = texts.map((text, i) =>
        frame(Buffer.from(text), {
          mask: true,
          fin: !isOneMessage || i === texts.length - 1,
          opcode: isOneMessage && i > 0 ? 0 : 1,
        }),
      )
      const work = inspect(recorded({ down: UPGRADED, up }))
      const stepsCpuMs: number[] = []
      for (let isDone = false; !isDone;) {
        const before = process.threadCpuUsage()
        isDone = work.next().done ?? false
        const { user, system } = process.threadCpuUsage(before)
        stepsCpuMs.push((user + system) / 1000)
      }
      expect(stepsCpuMs.reduce((sum, cpuMs) => sum + cpuMs, 0)).toBeLessThan(MOST_CPU_MS)
      expect(Math.max(...stepsCpuMs)).toBeLessThan(LONGEST_PAUSE_CPU_MS)
    }
  },
)

/** Secrets that are long enough to be hidden at other places too. */
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
  'a query': (secret) => ({ url: `/feed/a/ws?lane=a.1&ticket=${encodeURIComponent(secret)}&a=b` }),
  'a query that an error quotes': (secret) => ({
    url: `/feed/a/ws?lane=a.1&x-auth=${encodeURIComponent(secret)}`,
    down: answer(JSON.stringify({ detail: `Nothing at ?x-auth=${secret}, or ${encodeURIComponent(secret)}.` })),
  }),
  'a cookie': (secret) => ({ headers: ['Cookie', `a=b; id=${encodeURIComponent(secret)}`], down: answer(secret) }),
  'a token': (secret) => ({ headers: ['X-My-Token', encodeURIComponent(secret)] }),
  'a Set-Cookie field': (secret) => ({
    down: `HTTP/1.1 204 No Content\r\nSet-Cookie: id=${encodeURIComponent(secret)}; Path=/\r\n\r\n`,
  }),
  'the body of a request that the answer repeats': (secret) => ({
    body: json(secret),
    down: answer(JSON.stringify({ detail: `${secret} is wrong` })),
  }),
  'the body of an answer': (secret) => ({ down: answer(json(secret)) }),
  'the chunks of an answer': (secret) => ({
    down: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(json(secret).slice(0, 36), json(secret).slice(36))}`,
  }),
  'an event stream': (secret) => ({
    url: '/feed/a/sse?lane=a.1',
    down: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(`id: 1\ndata: ${json(secret)}\n\n`)}`,
  }),
  'a message from the client': (secret) => ({ down: UPGRADED, up: [frame(Buffer.from(json(secret)), { mask: true })] }),
  'the fragments of a message from the client': (secret) => ({ down: UPGRADED, up: fragments(json(secret), 33, true) }),
  'the fragments of a message from the server': (secret) => ({
    down: Buffer.concat([Buffer.from(UPGRADED), ...fragments(json(secret), 33, false)]),
  }),
}

test.each(Object.entries(PLANTS))('an inspection contains no part of a secret that was sent in %s', (_where, plant) => {
  fc.assert(
    fc.property(SECRET, fc.array(fc.nat(400), { maxLength: 20 }), (secret, cuts) => {
      const inspected = shown({ ...plant(secret), cuts })
      expect(leaks(inspected, secret)).toEqual([])
    }),
    { numRuns: 200 },
  )
})

/** Finds pieces of a secret in an answer: as text, as hexadecimal, or in an unmasked payload. */
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

/** Length of a piece. A shorter one can occur by chance. */
const PIECE = 6

function plainOf(payload: string, mask: string | null): string {
  const key = Buffer.from(mask ?? '00000000', 'hex')
  const bytes = (payload.match(/../g) ?? []).map((pair, i) => Number.parseInt(pair, 16) ^ (key[i % 4] ?? 0))
  return Buffer.from(bytes).toString()
}
