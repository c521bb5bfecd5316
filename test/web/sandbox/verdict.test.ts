import { expect, test } from 'vitest'
import { verdictOf } from '../../../web/sandbox/verdict.ts'
import type { ComparedLane } from '../../../web/sandbox/verdict.ts'

const lane = (name: string, ms: number, ci: number, more: Partial<ComparedLane> = {}): ComparedLane => ({
  name,
  median: { ms, lowMs: ms - ci, highMs: ms + ci },
  isEnough: true,
  bytesPerMessage: null,
  trouble: null,
  hour: null,
  reasonFor: () => null,
  ...more,
})

const WS = lane('WebSocket', 1.7, 0.4, { bytesPerMessage: 88 })
const SSE = lane('SSE', 2.4, 0.5, { bytesPerMessage: 117 })
const LONG = lane('long polling', 5.6, 0.5, { bytesPerMessage: 994 })
const SHORT = lane('short polling', 546, 60, {
  bytesPerMessage: 818,
  reasonFor: (laterMs) => (laterMs > 300 && laterMs < 700 ? 'half its pause of 1 s' : null),
})

test('the verdict names the earliest lanes, the latest with its reason, and what a message costs', () => {
  expect(verdictOf([SHORT, LONG, SSE, WS])).toBe(
    'WebSocket and SSE are earliest, too close to tell apart. Short polling is 544 ms later: half its pause of 1 s. A message costs 88 B (WebSocket) to 994 B (long polling).',
  )
})

test('while nothing is published, the verdict compares what the silence costs, unless there are enough responses', () => {
  const silent = (name: string, requests: number, bytes: number) =>
    lane(name, 1, 1, { median: null, isEnough: false, hour: { requests, bytes } })
  const lanes = [silent('short polling', 3596, 2_290_000), silent('long polling', 144, 151_000), silent('SSE', 1, 3130)]
  expect(verdictOf(lanes, true)).toBe(
    'Nothing is published (0 messages/s), so there is no delay to compare. An hour of silence costs each reader 3130 B in 1 request (SSE) to 2.3 MB in 3.6 k requests (short polling).',
  )
  expect(verdictOf([...lanes, lane('WebSocket', 1, 1, { median: null })], true)).toBe(
    'Nothing is published (0 messages/s), so there is no delay to compare. After half a minute, this sentence says what silence costs.',
  )
  expect(verdictOf([SSE, LONG], true)).toMatch(/^SSE is earliest/)
})

test.each<[string, ComparedLane[], string]>([
  [
    'one lane is earliest',
    [SHORT, LONG, WS],
    'WebSocket is earliest, by 3.9 ms. Short polling is 544 ms later: half its pause of 1 s. A message costs 88 B (WebSocket) to 994 B (long polling).',
  ],
  ['all are close', [lane('SSE', 2, 1), lane('WebSocket', 2.2, 1)], 'SSE and WebSocket are too close to tell apart.'],
  [
    'one of two is later, and no cause explains it',
    [lane('SSE', 2, 1), lane('long polling', 80, 9)],
    'SSE is earliest. Long polling is 78 ms later.',
  ],
  [
    'a lane is ten seconds later',
    [lane('SSE', 2, 1), lane('short polling', 15_002, 9)],
    'SSE is earliest. Short polling is 15.0 s later.',
  ],
  [
    'a lane is refused',
    [SSE, LONG, { ...WS, median: null, isEnough: false, trouble: 'refused' }],
    'SSE is earliest. Long polling is 3.2 ms later. WebSocket is refused. A message costs 117 B (SSE) to 994 B (long polling).',
  ],
  [
    'there are too few responses',
    [SSE, { ...LONG, isEnough: false }],
    'The lanes are compared when each has 20 responses.',
  ],
  ['nothing is known', [{ ...SSE, median: null }, WS], 'The lanes are compared when each has 20 responses.'],
  ['only one lane is on', [SSE], 'Switch on a second lane to compare two.'],
])('if %s, the verdict says so', (_what, lanes, verdict) => {
  expect(verdictOf(lanes)).toBe(verdict)
})
