import { expect, test } from 'vitest'
import type { TimedCrossing, Way } from '../../../web/lane/crossings.ts'
import { createMarks } from '../../../web/lane/marks.ts'
import { createMatching } from '../../../web/lane/matching.ts'
import type { Message } from '../../../web/lane/messages.ts'

const WAY: Way = { offsetMs: 0, boundMs: 0.5, oneWayMs: 20, jitterMs: 0, isBuffered: false, isLossy: false }

test('the mark of a poll gets the times at which the server received and answered it, and its sizes', () => {
  const { marks, matching } = begin('short-poll')
  marks.state({ is: 'asking', atMs: 100 })
  marks.events([message('k.1'), message('k.2')], 160)
  matching.take([request(7, 118, 3), { ...answer(7, 131, 200), id: 'k.2' }], WAY)
  expect(marks.exchanges[0]).toMatchObject({
    reachedAtMs: 118,
    leftAtMs: 131,
    crossed: { exchange: 7, connection: 3, isReused: false, status: 200, bytesUp: 300, bytesDown: 200 },
  })
  expect(marks.arrivals[0]).toMatchObject({ leftAtMs: 131, exchange: 7 })
})

test('a report that arrives before the response of its poll is matched to this poll', () => {
  const { marks, matching } = begin('long-poll')
  marks.state({ is: 'asking', atMs: 100 })
  matching.take([request(7, 118), answer(7, 500, 204)], WAY)
  marks.state({ is: 'asking', atMs: 520 })
  matching.take([request(8, 540)], WAY)
  expect(marks.exchanges).toMatchObject([
    { reachedAtMs: 118, leftAtMs: 500, endedAtMs: 520, crossed: { exchange: 7 } },
    { reachedAtMs: 540, crossed: { exchange: 8 } },
  ])
})

test('the error of the clock never changes the order of the times of an exchange', () => {
  const { marks, matching } = begin('short-poll')
  marks.state({ is: 'asking', atMs: 100 })
  marks.state({ is: 'pausing', atMs: 100.4, untilMs: 1000 })
  marks.state({ is: 'asking', atMs: 1000 })
  matching.take([request(1, 99.8), answer(1, 100.7, 204), request(2, 1001), answer(2, 1001.2, 204)], WAY)
  marks.state({ is: 'pausing', atMs: 1000.9, untilMs: 2000 })
  for (const { askedAtMs, reachedAtMs = 0, leftAtMs = 0, endedAtMs } of marks.exchanges) {
    expect(reachedAtMs).toBeGreaterThanOrEqual(askedAtMs)
    expect(leftAtMs).toBeGreaterThanOrEqual(reachedAtMs)
    expect(endedAtMs ?? 0).toBeGreaterThanOrEqual(leftAtMs)
  }
})

test('a reported request that fits two marks is matched to neither of them', () => {
  const { marks, matching } = begin('long-poll')
  marks.state({ is: 'asking', atMs: 100 })
  marks.letGo(110)
  marks.state({ is: 'asking', atMs: 110 })
  matching.take([request(5, 121)], WAY)
  expect(marks.exchanges.map(({ crossed }) => crossed)).toEqual([undefined, undefined])
})

test('a request report is matched to the next poll if the earlier poll was lost with its connection', () => {
  const { marks, matching } = begin('short-poll')
  marks.state({ is: 'asking', atMs: 100 })
  marks.state({ is: 'reconnecting', atMs: 130, untilMs: 400, trouble: 'cut' })
  marks.state({ is: 'asking', atMs: 400 })
  matching.take([request(6, 420)], WAY)
  expect(marks.exchanges.map(({ crossed }) => crossed?.exchange)).toEqual([undefined, 6])
})

test('if the browser sends a request twice, the mark is matched to the request that was answered', () => {
  const { marks, matching } = begin('short-poll')
  marks.state({ is: 'asking', atMs: 100 })
  matching.take([request(6, 120), end(6, 125)], WAY)
  matching.take([request(7, 170), answer(7, 172, 204)], WAY)
  marks.state({ is: 'pausing', atMs: 190, untilMs: 1000 })
  expect(marks.exchanges).toMatchObject([{ reachedAtMs: 170, leftAtMs: 172, crossed: { exchange: 7 } }])
})

test('a publish by POST is recognised by its response, and is not matched to a poll', () => {
  const { marks, matching } = begin('long-poll')
  marks.state({ is: 'asking', atMs: 100 })
  marks.sentAt(101)
  matching.take([request(1, 118), request(2, 119)], WAY)
  expect(marks.sent[0]?.exchange).toBeUndefined()
  matching.take([answer(1, 122, 201), { ...answer(2, 122.5, 200), id: 'k.1' }], WAY)
  marks.events([message('k.1')], 140)
  matching.take([], WAY)
  expect(marks.sent).toMatchObject([{ exchange: 1, reachedAtMs: 118 }])
  expect(marks.exchanges[0]?.crossed).toMatchObject({ exchange: 2, status: 200 })
})

test('an event gets the time at which it left the server, whether the report comes before or after the event', () => {
  const { marks, matching } = open('sse')
  matching.take([event(9, 500, 'k.1')], WAY)
  marks.events([message('k.1')], 522)
  marks.events([message('k.2')], 622)
  matching.take([event(9, 600, 'k.2')], WAY)
  expect(marks.arrivals).toMatchObject([
    { leftAtMs: 500, exchange: 9, bytes: 150 },
    { leftAtMs: 600, exchange: 9, bytes: 150 },
  ])
  expect(marks.streams[0]).toMatchObject({ reachedAtMs: 20, leftAtMs: 21, crossed: { bytesUp: 300, bytesDown: 400 } })
})

test('a report with a late time from a busy server never puts the departure of an event after its arrival', () => {
  const { marks, matching } = open('ws')
  marks.events([message('k.1')], 500)
  matching.take([event(9, 530, 'k.1')], WAY)
  expect(marks.arrivals).toMatchObject([{ leftAtMs: 500, exchange: 9 }])
})

test('events that left the server together get the same time of departure', () => {
  const { marks, matching } = open('sse')
  for (const id of ['k.1', 'k.2', 'k.3']) marks.events([message(id)], 120)
  matching.take([event(9, 100, 'k.3')], WAY)
  expect(marks.arrivals.map(({ leftAtMs }) => leftAtMs)).toEqual([100, 100, 100])
})

test('an event that was lost with its stream and repeated over the next stream gets the times of the repetition', () => {
  const { marks, matching } = open('ws')
  matching.take([event(9, 500, 'k.1')], WAY)
  marks.state({ is: 'reconnecting', atMs: 505, untilMs: 600, trouble: 'cut' })
  marks.state({ is: 'connecting', atMs: 600 })
  matching.take([end(9, 504), request(10, 620), head(10, 621, 101)], WAY)
  marks.state({ is: 'open', atMs: 640 })
  marks.events([message('k.1')], 641)
  matching.take([event(10, 622, 'k.1')], WAY)
  expect(marks.arrivals).toMatchObject([{ leftAtMs: 622, exchange: 10 }])
  expect(marks.streams[0]).toMatchObject({ closedAtMs: 504 })
})

test('the reported end of an old connection is matched to no exchange', () => {
  const { marks, matching } = begin('long-poll')
  marks.state({ is: 'asking', atMs: 100 })
  matching.take([end(3, 150)], WAY)
  expect(marks.exchanges[0]?.crossed).toBeUndefined()
})

test('an event that has left the server counts as on its way until it arrives or its stream ends', () => {
  const { marks, matching } = open('sse')
  matching.take([event(9, 500, 'k.1'), event(9, 600, 'k.2')], WAY)
  expect(marks.travelling).toEqual([
    { id: 'k.1', leftAtMs: 500 },
    { id: 'k.2', leftAtMs: 600 },
  ])
  marks.events([message('k.1')], 700)
  matching.take([], WAY)
  expect(marks.travelling).toEqual([{ id: 'k.2', leftAtMs: 600 }])
  marks.state({ is: 'reconnecting', atMs: 800, untilMs: 900, trouble: 'cut' })
  matching.take([], WAY)
  expect(marks.travelling).toEqual([])
})

test('a message that this page sent gets the time of its frame at the server, and not the time of a ping', () => {
  const { marks, matching } = open('ws')
  marks.sentAt(300)
  matching.take([{ is: 'message', up: true, exchange: 9, atMs: 310, bytes: 21 }], WAY)
  matching.take([{ is: 'message', up: true, exchange: 9, atMs: 319, bytes: 140 }], WAY)
  expect(marks.sent).toMatchObject([{ reachedAtMs: 319, bytes: 140, exchange: 9 }])
  expect(marks.beats).toMatchObject([{ is: 'ping', up: true, bytes: 21 }])
})

test('the marks of a ping and its pong in the browser are halfway between the server’s two times', () => {
  const { marks, matching } = open('ws')
  matching.take([{ is: 'ping', up: false, exchange: 9, atMs: 1000, bytes: 2 }], WAY)
  matching.take([{ is: 'pong', up: true, exchange: 9, atMs: 1044, bytes: 6 }], WAY)
  expect(marks.beats.map(({ is, up, browserAtMs }) => [is, up, browserAtMs])).toEqual([
    ['ping', false, 1022],
    ['pong', true, 1022],
  ])
})

test('the mark of a heartbeat never arrives before the event that left before it', () => {
  const { marks, matching } = open('sse')
  matching.take([event(9, 1000, 'k.1'), { is: 'heartbeat', up: false, exchange: 9, atMs: 1100, bytes: 20 }], WAY)
  marks.events([message('k.1')], 3000)
  matching.take([], WAY)
  expect(marks.beats).toMatchObject([{ browserAtMs: 3000 }])
})

test('a delay on the way is detected by its length, and its cause is determined by the network conditions', () => {
  for (const [conditions, held] of [
    [{ isBuffered: true }, ['buffered', 'behind']],
    [{ isLossy: true }, ['lost', 'behind']],
    [{}, [undefined, undefined]],
  ] as const) {
    const { marks, matching } = open('sse')
    marks.events([message('k.1')], 800)
    marks.events([message('k.2')], 801)
    matching.take([event(9, 500, 'k.1'), event(9, 750, 'k.2')], { ...WAY, ...conditions })
    expect(marks.arrivals.map((arrival) => arrival.held)).toEqual(held)
  }
})

function begin(transport: 'short-poll' | 'long-poll' | 'sse' | 'ws') {
  const marks = createMarks()
  return { marks, matching: createMatching(transport, marks) }
}

/** A stream that was requested at 0 and is open from 40 on, as exchange 9. */
function open(transport: 'sse' | 'ws') {
  const lane = begin(transport)
  lane.marks.state({ is: 'connecting', atMs: 0 })
  lane.marks.state({ is: 'open', atMs: 40 })
  lane.matching.take([request(9, 20), head(9, 21, transport === 'ws' ? 101 : 200)], WAY)
  return lane
}

function request(exchange: number, atMs: number, connection = 1): TimedCrossing {
  return { is: 'request', up: true, exchange, atMs, bytes: 300, line: { connection, isReused: false } }
}

function head(exchange: number, atMs: number, status: number): TimedCrossing {
  return { is: 'head', up: false, exchange, atMs, bytes: 100, status }
}

function answer(exchange: number, atMs: number, status: number): TimedCrossing {
  return { is: 'answer', up: false, exchange, atMs, bytes: 200, status }
}

function event(exchange: number, atMs: number, id: string): TimedCrossing {
  return { is: 'event', up: false, exchange, atMs, bytes: 150, id }
}

function end(exchange: number, atMs: number): TimedCrossing {
  return { is: 'end', up: false, exchange, atMs, bytes: 0 }
}

function message(id: string): Message {
  return { event: { id, room: 'lobby', type: 'tick', at: 0 }, seq: 1, order: 1, receivedAtMs: [], delayMs: [] }
}
