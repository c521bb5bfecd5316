/** Tests of the HTTP Archive that the inspector writes. */
import { expect, test } from 'vitest'
import type { Inspected } from '../../../server/protocol/wire.ts'
import { toHar } from '../../../web/inspect/har.ts'
import { see } from '../../../web/inspect/see.ts'
import type { Spans } from '../../../web/inspect/timing.ts'
import { AT, body, chunk, event, frame, head, inspected, textFrame } from './parts.ts'

const ORIGIN = 'http://127.0.0.1:3000'
const KNOWN = { up: 1.5, server: 20, down: 2.25 }

function entryOf(exchange: Inspected, spans: Spans = KNOWN) {
  const har = JSON.parse(toHar([{ inspected: exchange, seen: see(exchange, () => false), spans }], ORIGIN))
  expect(har.log.version).toBe('1.2')
  return har.log.entries[0]
}

const request = head(true, 'GET /feed/lobby/poll?after=0&wait=5 HTTP/1.1', 'Host: 127.0.0.1:3000', 'Accept: */*')
const json = `{"events":[${event('e.1', 'Ada', 'secret')}]}`
const response = head(false, 'HTTP/1.1 200 OK', 'Content-Type: application/json', `Content-Length: ${json.length}`)

test('an entry of the archive has the request, the response and the durations in the format HAR 1.2', () => {
  const entry = entryOf(inspected([request, response, body(json)]))
  expect(entry).toMatchObject({
    startedDateTime: new Date(AT - 1.5).toISOString(),
    time: 23.75,
    timings: { send: 1.5, wait: 20, receive: 2.25 },
    cache: {},
    connection: '3',
    _resourceType: 'fetch',
    request: {
      method: 'GET',
      url: `${ORIGIN}/feed/lobby/poll?after=0&wait=5`,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      queryString: [
        { name: 'after', value: '0' },
        { name: 'wait', value: '5' },
      ],
      headers: [
        { name: 'Host', value: '127.0.0.1:3000' },
        { name: 'Accept', value: '*/*' },
      ],
      bodySize: 0,
    },
    response: {
      status: 200,
      statusText: 'OK',
      redirectURL: '',
      bodySize: json.length,
      content: { size: expect.any(Number), mimeType: 'application/json' },
    },
  })
})

test('the archive masks texts of other people in the same way as the inspector', () => {
  const { text } = entryOf(inspected([request, response, body(json)])).response.content
  expect(text).toContain('"user":"•••","text":"••••••"')
  expect(text).not.toContain('secret')
})

test('a target that is no URL, and one with a masked credential, stay as they crossed the wire', () => {
  for (const target of ['//', '/feed/lobby/ws?ticket=••••'])
    expect(entryOf(inspected([head(true, `GET ${target} HTTP/1.1`)])).request.url).toBe(ORIGIN + target)
})

test('the archive has the body of a publish as the post data of its request', () => {
  const post = head(true, 'POST /feed/lobby HTTP/1.1', 'Content-Type: application/json')
  const { postData } = entryOf(inspected([post, body('{"text":"x"}', true)], { transport: null })).request
  expect(postData).toEqual({ mimeType: 'application/json', params: [], text: '{"text":"x"}' })
})

test('in the archive, an exchange without a response has status 0, size -1 and a comment about the unknown durations', () => {
  const entry = entryOf(inspected([request]), { up: 1, server: null, down: null })
  expect(entry.response).toMatchObject({ status: 0, statusText: '', headersSize: -1, bodySize: -1 })
  expect(entry.timings).toEqual({ send: 1, wait: 0, receive: 0 })
  expect(entry.comment).toContain('Unknown durations that are 0 here: wait, receive.')
})

test('the archive has the text of an event stream so far, without chunk sizes, and the number of bytes that are no longer kept', () => {
  const start = head(
    false,
    'HTTP/1.1 200 OK',
    'Content-Type: text/event-stream; charset=utf-8',
    'Transfer-Encoding: chunked',
  )
  const parts = [request, start, { is: 'dropped', up: false, at: AT, bytes: 40 } as const, chunk(': heartbeat\n\n')]
  const entry = entryOf(inspected(parts, { transport: 'sse' }))
  expect(entry).toHaveProperty('_resourceType', 'eventsource')
  expect(entry.response.content.text).toBe(': heartbeat\n\n')
  expect(entry.comment).toContain('The server no longer keeps 40 of its bytes.')
})

test('the archive has the messages of a WebSocket in both directions, and joins a message of two frames', () => {
  const parts = [
    head(true, 'GET /feed/lobby/ws HTTP/1.1', 'Upgrade: websocket'),
    head(false, 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket'),
    textFrame('{"type":', { fin: false }),
    frame('89 00'),
    textFrame('"connected"}', { opcode: 0 }),
    frame('81 82 01 02 03 04 7a 7f', true),
  ]
  const entry = entryOf(inspected(parts, { transport: 'ws' }))
  expect(entry).toHaveProperty('_resourceType', 'websocket')
  expect(entry).toHaveProperty('_webSocketMessages', [
    { type: 'receive', time: AT / 1000, opcode: 1, data: '{"type":"connected"}' },
    { type: 'receive', time: AT / 1000, opcode: 9, data: '' },
    { type: 'send', time: AT / 1000, opcode: 1, data: '{}' },
  ])
})

test('the entries of the archive are in the order in which their exchanges began', () => {
  const at = (ms: number, exchange: number) => ({
    inspected: inspected([{ ...request, at: AT + ms }], { exchange }),
    seen: see(inspected([request]), () => false),
    spans: { up: 0, server: 0, down: 0 },
  })
  const { entries } = JSON.parse(toHar([at(20, 2), at(0, 1)], ORIGIN)).log
  expect(entries.map(({ comment }: { comment: string }) => comment)).toEqual([
    expect.stringMatching('Exchange 1 '),
    expect.stringMatching('Exchange 2 '),
  ])
})
