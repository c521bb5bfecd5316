import { expect, test } from 'vitest'
import { askedFor } from '../../../web/inspect/asked.ts'
import { spansOf } from '../../../web/inspect/timing.ts'
import { body, head, inspected, textFrame } from './parts.ts'

/** Times on the server's clock, which is 1000 ms ahead of the page's. */
const REACHED = { at: 1510 }
const OFFSET_MS = 1000
const NONE = { exchanges: [], streams: [], sent: [] }
const request = { ...head(true, 'GET /feed/lobby/poll HTTP/1.1'), ...REACHED }
const answer = { ...head(false, 'HTTP/1.1 200 OK'), at: 1530 }
const poll = inspected([request, answer, { ...body('{}'), at: 1540 }])

test('the times on the way up, on the server and on the way down are calculated on one clock', () => {
  const spans = spansOf(poll, { askedAtMs: 500, arrivedAtMs: 545 }, OFFSET_MS)
  expect(spans).toEqual({ up: 10, server: 30, down: 5 })
})

test('the time that a request waits in the browser’s queue does not count as time on the way up', () => {
  expect(spansOf(poll, { askedAtMs: 100, sentAtMs: 508, arrivedAtMs: null }, OFFSET_MS)).toEqual({
    up: 2,
    server: 30,
    down: null,
  })
})

test('the time on the server is known even if the browser’s times or the clock are unknown', () => {
  expect(spansOf(poll, null, OFFSET_MS)).toEqual({ up: null, server: 30, down: null })
  expect(spansOf(poll, { askedAtMs: 500, arrivedAtMs: 545 }, null)).toEqual({ up: null, server: 30, down: null })
  expect(spansOf(inspected([request]), null, null)).toEqual({ up: null, server: null, down: null })
})

test('the error of the clock never makes a duration negative', () => {
  expect(spansOf(poll, { askedAtMs: 511, arrivedAtMs: 539 }, OFFSET_MS)).toEqual({ up: 0, server: 30, down: 0 })
})

test('for a stream, the time on the server ends when the head of the response leaves', () => {
  const stream = inspected([request, answer, { ...textFrame('{}'), at: 9000 }], { transport: 'ws' })
  expect(spansOf(stream, { askedAtMs: 500, arrivedAtMs: 540 }, OFFSET_MS)).toEqual({ up: 10, server: 20, down: 10 })
})

test('the inspector uses the browser’s times of an exchange only if the match of its mark is certain', () => {
  const mark = (askedAtMs: number, endedAtMs: number | null, exchange: number) => ({
    askedAtMs,
    endedAtMs,
    crossed: { exchange },
  })
  const exchanges = [mark(300, 310, 6), mark(500, 545, 7), { askedAtMs: 600, endedAtMs: null }]
  expect(askedFor(7, { ...NONE, exchanges })).toMatchObject({ askedAtMs: 500, arrivedAtMs: 545 })
  expect(askedFor(7, { ...NONE, exchanges: [{ ...mark(500, 545, 7), failed: 'cut' }] })).toMatchObject({
    askedAtMs: 500,
    arrivedAtMs: null,
  })
  expect(askedFor(8, { ...NONE, exchanges })).toBe(null)
})

test('the response of a stream arrives when the stream opens, and the arrival of a publish’s response is unknown', () => {
  const streams = [{ askedAtMs: 500, openedAtMs: 540, crossed: { exchange: 7 } }]
  expect(askedFor(7, { ...NONE, streams })).toEqual({ askedAtMs: 500, arrivedAtMs: 540 })
  const sent = [{ atMs: 505, exchange: 8 }, { atMs: 700 }]
  expect(askedFor(8, { ...NONE, streams, sent })).toEqual({ askedAtMs: 505, arrivedAtMs: null })
})
