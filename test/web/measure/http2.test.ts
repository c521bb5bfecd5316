/** Compares the model of HTTP/2 with the bytes of a real client and server of node:http2. */
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { ClientHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { HEADS, overHttp2, postOverHttp2 } from '../../../web/measure/http2.ts'

/** Fields of a request of Chromium. */
const BROWSER = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-US,en;q=0.9',
  referer: 'https://example.org/choose',
  'sec-ch-ua': '"Chromium";v="156", "Not=A?Brand";v="24"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
}
/** Fields of a response of this server. */
const SERVER = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}
const JSON_BYTES = 240
const TEXT_BYTES = 60

/** Sends requests one after another, and returns the bytes of each in both directions. */
async function bytesOf(session: ClientHttp2Session, send: (nth: number) => [path: string, body?: string]) {
  const { socket } = session
  const counts: number[] = []
  for (let nth = 0; nth < 12; nth++) {
    const before = socket.bytesRead + socket.bytesWritten
    const [path, body] = send(nth)
    const posting = body && {
      ':method': 'POST',
      'content-type': 'application/json',
      'content-length': body.length,
      'idempotency-key': `key-${nth}-abcdefghij`,
    }
    const stream = session.request({ ':path': path, ...BROWSER, ...posting })
    stream.end(body)
    stream.resume()
    // oxlint-disable-next-line no-await-in-loop
    await once(stream, 'close')
    counts.push(socket.bytesRead + socket.bytesWritten - before)
  }
  return counts
}

const medianOf = (values: readonly number[]) => values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0

test('over HTTP/2, polls and POSTs need the bytes of the model within a tenth, after the first exchange', async () => {
  let seconds = 0
  const server = createServer().on('stream', (stream: ServerHttp2Stream, { ':path': path }) => {
    // The date changes with each response, as it does once a second.
    const date = new Date(1.8e12 + 1000 * seconds++).toUTCString()
    if (path?.endsWith('empty')) return stream.respond({ ':status': 204, ...SERVER, date }, { endStream: true })
    const length = JSON_BYTES + (seconds % 3)
    stream.respond({
      ':status': 200,
      ...SERVER,
      'content-type': 'application/json; charset=utf-8',
      'content-length': length,
      date,
    })
    stream.end('x'.repeat(length))
    return undefined
  })
  await once(server.listen(0), 'listening')
  const { port } = server.address() as AddressInfo
  const session = connect(`http://127.0.0.1:${port}`)
  await once(session, 'connect')
  const poll = (nth: number, end: string) => `/feed/choose-abcd-0/poll?after=tle5pu.${1000 + nth}&lane=abcd.-0.${end}`
  const first = await bytesOf(session, (nth) => [poll(nth, 'short-poll')])
  const empty = medianOf(await bytesOf(session, (nth) => [poll(nth, 'empty')]))
  const posted = await bytesOf(session, () => [
    '/feed/choose-abcd-0?lane=abcd.post',
    JSON.stringify({ user: 'Workload', text: 'x'.repeat(TEXT_BYTES) }),
  ])
  session.destroy()
  server.close()

  const sizes = overHttp2({ payload: 0, heads: 900, framing: JSON_BYTES, empty: 800 }, 'poll')
  expect(first[0]).toBeGreaterThan(2 * HEADS + JSON_BYTES)
  expect((sizes.heads + sizes.framing) / medianOf(first)).toBeCloseTo(1, 1)
  expect(Math.abs(sizes.empty / empty - 1)).toBeLessThan(0.1)
  expect(Math.abs(postOverHttp2(TEXT_BYTES, JSON_BYTES) / medianOf(posted) - 1)).toBeLessThan(0.1)
})

test('over HTTP/2, a stream has frames instead of chunks, and a WebSocket keeps its sizes', () => {
  const sizes = { payload: 150, heads: 700, framing: 26, empty: 550 }
  expect(overHttp2(sizes, 'stream')).toEqual({ ...sizes, framing: 29 })
  expect(overHttp2(sizes, 'socket')).toBe(sizes)
})
