import { expect, test, vi } from 'vitest'
import { buffering } from '../../../../server/wire/conditions/buffering.ts'

const STREAM = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

function proxy(bufferingBytes: number, bufferingMs: number, bufferingObeysHeader = false) {
  const released: string[] = []
  const held = { bufferingBytes, bufferingMs, bufferingObeysHeader }
  const { put, flush, stop } = buffering(held, (chunk) => released.push(String(chunk)) > 0)
  return { released, put: (text: string) => put(Buffer.from(text)), flush, stop }
}

test('holds a stream until so many bytes are together, and begins anew', () => {
  const { released, put } = proxy(50, 0)
  put(STREAM)
  expect(released).toEqual([])
  put('5\r\nhello\r\n')
  expect(released).toEqual([`${STREAM}5\r\nhello\r\n`])
  put('5\r\nagain\r\n')
  expect(released).toHaveLength(1)
})

test('lets go so many ms after the first byte held, however often more comes', () => {
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
  ['an answer of chunks', `${STREAM}2\r\nok\r\n0\r\n\r\n`],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['304, whatever its length says', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
  ['two answers together', 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
])('lets %s go at its end, in whatever pieces it comes', (_what, answer) => {
  for (let at = 1; at < answer.length; at++) {
    const { released, put } = proxy(1000, 0)
    put(answer.slice(0, at))
    put(answer.slice(at))
    expect(released.join('')).toBe(answer)
  }
})

test('holds nothing behind a 101', () => {
  const { released, put } = proxy(1000, 0)
  put('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')
  put('\u0081\u0001a')
  expect(released).toHaveLength(2)
})

const OPEN = STREAM.replace('\r\n\r\n', '\r\nx-accel-buffering: No\r\n\r\n')

test('lets an answer through that asks not to be held, where it obeys, and holds the next', () => {
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
  ['that does not ask, by a proxy that obeys', STREAM, true],
  ['that asks to be held, by a proxy that obeys', OPEN.replace('No', 'yes'), true],
  ['that asks not to be, by one that does not obey', OPEN, false],
])('holds an answer %s', (_what, head, obeys) => {
  const { released, put } = proxy(1000, 0, obeys)
  put(head)
  put('5\r\nhello\r\n')
  expect(released).toEqual([])
})

test('the end lets go what is held', () => {
  const { released, put, flush } = proxy(1000, 0)
  put(STREAM)
  flush()
  flush()
  expect(released).toEqual([STREAM])
})

test('no timer outlives it', () => {
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
