import { expect, test } from 'vitest'
import type { Inspected, Part } from '../../../server/protocol/wire.ts'
import { isOver, sectionsOf, sentenceOf } from '../../../web/inspect/exchange.ts'
import { see } from '../../../web/inspect/see.ts'
import { AT, body, chunk, event, frame, head, inspected, textFrame } from './parts.ts'

const POLL = head(true, 'GET /feed/lobby/poll?after=k3.1&lane=229262d1.short-poll HTTP/1.1', 'Host: 127.0.0.1:3000')
const EVENTS = [event('k3.2'), event('k3.3')]
const FOUND = `{"events":[${EVENTS.join(',')}],"cursor":"k3.3","gap":false,"more":false}`
const ANSWER = head(
  false,
  'HTTP/1.1 200 OK',
  'cache-control: no-store',
  'content-type: application/json; charset=utf-8',
  `content-length: ${FOUND.length}`,
)

test('the inspector shows a poll as a request and a response section, and states what their bytes are for', () => {
  const poll = inspected([POLL, ANSWER, body(FOUND)])
  const payload = EVENTS.join('').length
  expect(madeOf(poll)).toEqual([
    ['Request', '91 bytes, only a head; 22 bytes are the same in every request'],
    [
      'Response',
      `${lengthOf(ANSWER) + FOUND.length} bytes: head ${lengthOf(ANSWER)}, framing ${FOUND.length - payload}, payload ${payload}`,
    ],
  ])
  expect(sentence(poll)).toEqual([
    'A response with 2 messages.',
    `91 bytes up, ${lengthOf(ANSWER) + FOUND.length} bytes down`,
  ])
  expect(linesOf(poll, 1)).toEqual([
    ['HTTP/1.1 200 OK', 'the request succeeded'],
    ['cache-control: no-store', 'no cache may store it (RFC 9111, 5.2)'],
    ['content-type: application/json; charset=utf-8', 'the type of the body (RFC 9110, 8.3)'],
    [`content-length: ${FOUND.length}`, `the body has ${FOUND.length} bytes (RFC 9110, 8.6)`],
    ['⏎', 'a blank line ends the head'],
    ['{"events":[', 'the body is JSON, and its length is in the head'],
    [EVENTS[0], 'a tick, which waited 20 ms on the server'],
    [',', ''],
    [EVENTS[1], 'a tick, which waited 20 ms on the server'],
    ['],"cursor":"k3.3","gap":false,"more":false}', 'the cursor for the next request'],
  ])
})

test('the inspector describes a poll without messages as a response without a message', () => {
  const empty = inspected([POLL, head(false, 'HTTP/1.1 204 No Content')])
  expect(sentence(empty)[0]).toBe('A response without a message.')
  expect(linesOf(empty, 1)[0]).toEqual([
    'HTTP/1.1 204 No Content',
    'there is nothing new after the cursor, so the response is empty',
  ])
})

test('the inspector shows a publish as a request section with a head and a body', () => {
  const text = '{"user":"Ada","text":"hi"}'
  const publish = inspected([head(true, 'POST /feed/lobby HTTP/1.1', 'Content-Length: 26'), body(text, true)])
  expect(madeOf(publish)).toEqual([['Request', '75 bytes: head 49, body 26; 0 bytes are the same in every request']])
  expect(sentence(publish)[0]).toBe('A message is being published; there is no response yet.')
  expect(sentence({ ...publish, parts: [...publish.parts, head(false, 'HTTP/1.1 201 Created')] })[0]).toBe(
    'The message was published.',
  )
})

test('the inspector shows each chunk of an event stream as a section with a title', () => {
  const data = `id: k3.2\ndata: ${EVENTS[0]}\n\n`
  const stream = inspected(
    [
      head(true, 'GET /feed/lobby/sse?after=k3.1 HTTP/1.1'),
      head(false, 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
      chunk('retry: 1500\nid: k3.1\n\n'),
      chunk(data),
      chunk(':hb\n\n'),
      chunk('event: gap\nid: k3.9\ndata: {"type":"gap","cursor":"k3.9"}\n\n'),
      { is: 'chunk', up: false, at: AT, size: '0', text: '' },
      { is: 'end', up: false, at: AT },
    ],
    { transport: 'sse' },
  )
  expect(titlesOf(stream)).toEqual([
    'Request',
    'Response',
    'Start of the stream',
    'Event 2',
    'Heartbeat',
    'Gap',
    'The last chunk',
    'The connection ended here',
  ])
  expect(linesOf(stream, 3)).toEqual([
    [
      `${data.length.toString(16)}⏎`,
      `the size of the chunk: ${data.length.toString(16)} in hexadecimal is ${data.length} bytes`,
    ],
    ['id: k3.2', 'the id that EventSource sends as Last-Event-ID after a cut'],
    [`data: ${EVENTS[0]}`, 'a tick, which waited 20 ms on the server'],
    ['⏎', 'a blank line ends the event, and the page receives it now'],
    ['⏎', 'the end of the chunk'],
  ])
  expect(linesOf(stream, 2).at(3)).toEqual([
    '⏎',
    'a blank line without data before it: there is no event, but the browser keeps the new id and retry time',
  ])
})

test('the inspector shows each chunk of newline-delimited JSON as a section, and explains it line by line', () => {
  const two = `${event('k3.2')}\n${event('k3.3')}\n`
  const stream = inspected(
    [
      head(true, 'GET /feed/lobby/stream?after=k3.1 HTTP/1.1'),
      head(false, 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
      chunk('{"type":"connected","cursor":"k3.1"}\n'),
      chunk(two),
      chunk('{"type":"heartbeat"}\n'),
      chunk('{"type":"gap","cursor":"k3.9"}\n'),
    ],
    { transport: 'stream' },
  )
  expect(titlesOf(stream)).toEqual(['Request', 'Response', 'Connected', 'Events 2 to 3', 'Heartbeat', 'Gap'])
  expect(sentence(stream)[0]).toBe('A response that does not end, 2 messages so far.')
  expect(linesOf(stream, 3).slice(1)).toEqual([
    [`${event('k3.2')}⏎`, 'a tick, which waited 20 ms on the server; the line break ends the event'],
    [`${event('k3.3')}⏎`, 'a tick, which waited 20 ms on the server; the line break ends the event'],
    ['⏎', 'the end of the chunk'],
  ])
  expect(linesOf(stream, 4)[1]?.[1]).toBe('a sign of life, so that no proxy closes the quiet connection')
})

test('the inspector shows the handshake of a WebSocket, with the calculation, and each frame as a section', () => {
  const handshake = { key: 'k', guid: 'g', sha1: '00'.repeat(20), accept: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }
  const socket = inspected(
    [
      head(true, 'GET /feed/lobby/ws?after=k3.1 HTTP/1.1', 'Upgrade: websocket'),
      head(false, 'HTTP/1.1 101 Switching Protocols', 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
      textFrame('{"type":"connected","message":"Here.","room":"lobby","cursor":"k3.1"}'),
      textFrame(event('k3.2')),
      frame('89 00'),
      frame('8a 80 00 00 00 00', true),
    ],
    { transport: 'ws', handshake },
  )
  expect(titlesOf(socket)).toEqual(['Request', 'Response', 'Handshake', 'Connected', 'Event 2', 'Ping', 'Pong'])
  expect(sentence(socket)[0]).toBe('3 frames down and 1 up, 1 message so far.')
  expect(linesOf(socket, 2).at(-1)).toEqual([handshake.accept, 'the value that the server sent: equal'])
})

test('the bytes of the sections add up to the whole exchange, dropped bytes included', () => {
  const parts: readonly Part[] = [
    POLL,
    ANSWER,
    body(FOUND),
    chunk('héllo'),
    { is: 'dropped', up: false, at: AT, bytes: 1234 },
    { is: 'dropped', up: true, at: AT, bytes: 99 },
    textFrame('x'.repeat(300)),
    frame('81 85 37 fa 21 3d 7f 9f 4d 51 58', true),
  ]
  const exchange = inspected(parts, { transport: 'sse' })
  const seen = see(exchange, () => false)
  const sections = sectionsOf(exchange, seen)
  const sum = (up: boolean) =>
    sections.filter((section) => section.up === up).reduce((all, { bytes }) => all + bytes, 0)
  expect([sum(true), sum(false)]).toEqual([seen.bytesUp, seen.bytesDown])
  expect(seen.bytesUp).toBe(91 + 99 + 11)
  expect(seen.bytesDown).toBe(lengthOf(ANSWER) + FOUND.length + 1 + 2 + 6 + 2 + 1234 + 304)
})

test('a section keeps its key when earlier sections are dropped', () => {
  const frames = [
    textFrame('{"a":1}'),
    { ...textFrame('{"b":1}'), at: AT + 1 },
    { ...textFrame('{"c":1}'), at: AT + 1 },
  ]
  const keys = (parts: readonly Part[]) => {
    const exchange = inspected(parts, { transport: 'ws' })
    return sectionsOf(
      exchange,
      see(exchange, () => false),
    ).map(({ key }) => key)
  }
  const [, second, third] = keys(frames)
  expect(keys([{ is: 'dropped', up: false, at: AT, bytes: 9 }, ...frames.slice(1)]).slice(1)).toEqual([second, third])
  expect(new Set(keys(frames)).size).toBe(3)
})

test('an exchange is complete when the response or the connection has ended', () => {
  const socket = head(false, 'HTTP/1.1 101 Switching Protocols')
  const chunked = head(false, 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
  const last: Part = { is: 'chunk', up: false, at: AT, size: '0', text: '' }
  const over = (...parts: Part[]) => isOver(inspected([POLL, ...parts]))
  expect(over()).toBe(false)
  expect(over(ANSWER)).toBe(false)
  expect(over(ANSWER, body(FOUND))).toBe(true)
  expect(over(ANSWER, { is: 'dropped', up: false, at: AT, bytes: FOUND.length })).toBe(true)
  expect(over(head(false, 'HTTP/1.1 204 No Content'))).toBe(true)
  expect(over(chunked, chunk('x'))).toBe(false)
  expect(over(chunked, chunk('x'), last)).toBe(true)
  expect(over(socket, frame('88 00'))).toBe(false)
  expect(over(socket, { is: 'end', up: false, at: AT })).toBe(true)
})

function sentence(exchange: Inspected): readonly [string, string] {
  return sentenceOf(
    exchange,
    see(exchange, () => false),
  )
}

function madeOf(exchange: Inspected): string[][] {
  return sectionsOf(
    exchange,
    see(exchange, () => false),
  ).map(({ title, made }) => [title, made])
}

function titlesOf(exchange: Inspected): (string | undefined)[] {
  return madeOf(exchange).map(([title]) => title)
}

function linesOf(exchange: Inspected, nth: number): (string | undefined)[][] {
  const section = sectionsOf(
    exchange,
    see(exchange, () => false),
  )[nth]
  return section?.lines().map(({ bytes, meaning }) => [bytes, meaning]) ?? []
}

function lengthOf(part: Part): number {
  return part.is === 'head' ? part.text.length : 0
}
