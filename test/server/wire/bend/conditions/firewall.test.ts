import { expect, test } from 'vitest'
import { firewall } from '../../../../../server/wire/bend/conditions/firewall.ts'

const get = (path: string, ...fields: string[]) => [`GET ${path} HTTP/1.1`, 'Host: a', ...fields, '', ''].join('\r\n')
const upgrade = (path: string) => get(path, 'Connection: Upgrade', 'upgrade:WebSocket')
const post = (body: string, ...fields: string[]) => `POST /x HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`

/** Feeds a text to the firewall in pieces. Returns the position at which it refused, or null. */
function refusedAt(text: string, step = text.length): number | null {
  const refuses = firewall()
  for (let at = 0; at < text.length; at += step)
    if (refuses(Buffer.from(text.slice(at, at + step)))) return Math.min(at + step, text.length)
  return null
}

test.each([
  ['the first request of a connection', upgrade('/feed/a/ws')],
  ['sent after another request', get('/') + upgrade('/')],
  ['sent after a body', post('hello', 'Content-Length: 5') + upgrade('/')],
  [
    'sent after a chunked body',
    post('5;x=y\r\nhello\r\n0\r\nTrailer: a\r\n\r\n', 'Transfer-Encoding: chunked') + upgrade('/'),
  ],
])(
  'the firewall refuses an upgrade that is %s as soon as its head is complete, no matter where the bytes are split',
  (_where, text) => {
    for (let step = 1; step <= text.length; step++) {
      const at = refusedAt(text, step)
      expect(at).toBe(Math.min(Math.ceil(text.length / step) * step, text.length))
    }
  },
)

test.each([
  ['a request', get('/feed/a/sse')],
  ['an upgrade to something else', get('/', 'Connection: Upgrade', 'Upgrade: h2c')],
  ['an upgrade that is part of a body', post(upgrade('/'), `Content-Length: ${upgrade('/').length}`)],
  ['bytes that are not HTTP', '\u0016\u0003\u0001\r\n\r\n'],
  ['a head without an end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`],
])('the firewall lets %s pass', (_what, text) => {
  expect(refusedAt(text, 100)).toBeNull()
})
