import { expect, test, vi } from 'vitest'
import { buffering } from '../../../../../server/wire/bend/conditions/buffering.ts'

const STREAM = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

function proxy(bufferingBytes: number, bufferingMs: number, bufferingObeysHeader = false) {
  const released: string[] = []
  const held = { bufferingBytes, bufferingMs, bufferingObeysHeader }
  const { put, flush, stop } = buffering(held, (chunk) => released.push(String(chunk)) > 0)
  return { released, put: (text: string) => put(Buffer.from(text)), flush, stop }
}

test('a buffering proxy holds a stream until it has enough bytes, releases them, and then holds the next bytes', () => {
  const { released, put } = proxy(50, 0)
  put(STREAM)
  expect(released).toEqual([])
  put('5\r\nhello\r\n')
  expect(released).toEqual([`${STREAM}5\r\nhello\r\n`])
  put('5\r\nagain\r\n')
  expect(released).toHaveLength(1)
})

test('a buffering proxy releases bytes a fixed time after it began to hold the first of them, even if more bytes arrive', () => {
  vi.useFakeTimers()
  try {
    const { released, put } = proxy(1000, 100)
    put(STREAM)
    vi.advanceTimersByTime(60)
    put('1\r\na\r\n')
    vi.advanceTimersByTime(39)
    expect(released).toEqual([])
    vi.advanceTimersByTime(1)
    expect(released).toEqual([`${STREAM}1\r\na\r\n`])
    put('1\r\nb\r\n')
    vi.advanceTimersByTime(99)
    expect(released).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(released).toHaveLength(2)
  } finally {
    vi.useRealTimers()
  }
})

test.each([
  ['an answer with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['an answer in chunks', `${STREAM}2\r\nok\r\n0\r\n\r\n`],
  ['a 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['a 304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  ['two answers together', 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
])('a buffering proxy releases %s at its end, no matter where the bytes are split', (_what, answer) => {
  for (let at = 1; at < answer.length; at++) {
    const { released, put } = proxy(1000, 0)
    put(answer.slice(0, at))
    put(answer.slice(at))
    expect(released.join('')).toBe(answer)
  }
})

test('a buffering proxy holds nothing after a 101', () => {
  const { released, put } = proxy(1000, 0)
  put('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')
  put('\u0081\u0001a')
  expect(released).toHaveLength(2)
})

const OPEN = STREAM.replace('\r\n\r\n', '\r\nx-accel-buffering: No\r\n\r\n')

test('a proxy that obeys X-Accel-Buffering does not hold an answer with the value "no", and holds the next answer', () => {
  const { released, put } = proxy(1000, 0, true)
  put(OPEN)
  put('5\r\nhello\r\n')
  expect(released).toEqual([OPEN, '5\r\nhello\r\n'])
  put('0\r\n\r\n')
  put(STREAM)
  put('5\r\nagain\r\n')
  expect(released).toHaveLength(3)
})

test.each([
  ['without the header, if it obeys the header', STREAM, true],
  ['with the header set to yes, if it obeys the header', OPEN.replace('No', 'yes'), true],
  ['with the header set to no, if it ignores the header', OPEN, false],
])('a buffering proxy holds an answer %s', (_what, head, obeys) => {
  const { released, put } = proxy(1000, 0, obeys)
  put(head)
  put('5\r\nhello\r\n')
  expect(released).toEqual([])
})

test('the method flush releases all bytes that a buffering proxy holds', () => {
  const { released, put, flush } = proxy(1000, 0)
  put(STREAM)
  flush()
  flush()
  expect(released).toEqual([STREAM])
})

test('a buffering proxy leaves no timer after it was stopped', () => {
  vi.useFakeTimers()
  try {
    const { put, stop } = proxy(1000, 100)
    put(STREAM)
    stop()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
