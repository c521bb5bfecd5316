import { expect, test } from 'vitest'
import { createMarks } from '../../../web/lane/marks.ts'
import type { Message } from '../../../web/lane/messages.ts'

test('the mark of a poll is one exchange with the number of messages in its response', () => {
  const marks = createMarks()
  marks.state({ is: 'asking', atMs: 0 })
  marks.events([message(), message()], 5)
  marks.state({ is: 'pausing', atMs: 6, untilMs: 1006 })
  marks.state({ is: 'asking', atMs: 1006 })
  marks.state({ is: 'pausing', atMs: 1010, untilMs: 2010 })
  expect(marks.exchanges).toMatchObject([
    { askedAtMs: 0, endedAtMs: 5, carried: 2 },
    { askedAtMs: 1006, endedAtMs: 1010, carried: 0 },
  ])
  expect([marks.requests, marks.useful, marks.empty]).toEqual([2, 1, 1])
})

test('the mark of a long poll ends with the response, and then the mark of the next poll begins', () => {
  const marks = createMarks()
  marks.state({ is: 'asking', atMs: 0 })
  marks.events([message()], 700)
  marks.state({ is: 'asking', atMs: 701 })
  marks.state({ is: 'asking', atMs: 25_701 })
  expect(marks.exchanges).toMatchObject([
    { endedAtMs: 700, carried: 1 },
    { endedAtMs: 25_701, carried: 0 },
    { endedAtMs: null },
  ])
  expect([marks.requests, marks.useful, marks.empty]).toEqual([3, 1, 1])
})

test('the mark of an open stream that fails is "cut", and the mark of a stream that never opened is "refused"', () => {
  const marks = createMarks()
  marks.state({ is: 'connecting', atMs: 0 })
  marks.state({ is: 'open', atMs: 10 })
  marks.state({ is: 'reconnecting', atMs: 500, untilMs: 800, trouble: 'the stream ended' })
  marks.state({ is: 'connecting', atMs: 800 })
  marks.state({ is: 'reconnecting', atMs: 802, untilMs: 1400, trouble: 'the server cannot be reached' })
  expect(marks.streams.map(({ failed }) => failed)).toEqual(['cut', 'refused'])
  expect(marks.cuts).toMatchObject([{ atMs: 500 }])
})

test('the mark of a held poll that fails is "cut", and the mark of a poll with an error status is "refused"', () => {
  const marks = createMarks()
  marks.state({ is: 'asking', atMs: 0 })
  marks.state({ is: 'reconnecting', atMs: 5000, untilMs: 5300, trouble: 'the server cannot be reached' })
  marks.state({ is: 'asking', atMs: 5300 })
  marks.state({ is: 'reconnecting', atMs: 9000, untilMs: 9300, trouble: 'no', status: 503 })
  expect(marks.exchanges.map(({ failed }) => failed)).toEqual(['cut', 'refused'])
})

test('the mark of a stream that the page itself ends is neither "cut" nor "refused"', () => {
  const marks = createMarks()
  marks.state({ is: 'connecting', atMs: 0 })
  marks.state({ is: 'open', atMs: 1 })
  marks.letGo(50)
  expect(marks.streams).toMatchObject([{ endedAtMs: 50, failed: 'let go' }])
  expect(marks.cuts).toEqual([])
})

test('a lane drops marks that are older than the ladder can show', () => {
  const marks = createMarks()
  for (let i = 0; i < 20_000; i++) {
    marks.state({ is: 'asking', atMs: i * 50 })
    marks.events([message()], i * 50 + 40)
  }
  expect(marks.exchanges.length).toBeLessThan(4000)
  expect(marks.arrivals.length).toBeLessThan(4000)
  expect(marks.exchanges.at(0)?.askedAtMs).toBeGreaterThan(20_000 * 50 - 200_000)
})

function message(): Message {
  return { event: { id: 'k3.1', room: 'lobby', type: 'tick', at: 0 }, seq: 1, order: 1, receivedAtMs: [], delayMs: [] }
}

test('a cut that the server reports and the page also notices is one mark', () => {
  const marks = createMarks()
  marks.state({ is: 'connecting', atMs: 0 })
  marks.state({ is: 'open', atMs: 10 })
  marks.cut(1000)
  marks.state({ is: 'reconnecting', atMs: 1040, untilMs: 1500, trouble: 'the connection was cut' })
  expect(marks.cuts.map(({ atMs }) => atMs)).toEqual([1000])
  expect(marks.streams[0]).toMatchObject({ endedAtMs: 1040, failed: 'cut' })
  marks.cut(5000)
  expect(marks.cuts).toHaveLength(2)
})
