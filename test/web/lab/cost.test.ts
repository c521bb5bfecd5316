import { expect, test } from 'vitest'
import type { Split } from '../../../server/protocol/wire.ts'
import { expectedCost, hourFor, partsPerMessage, scaleFor } from '../../../web/lab/cost.ts'
import type { Lane } from '../../../web/lane/lane.ts'
import { createLane } from '../../../web/lane/lane.ts'
import { createMessages } from '../../../web/lane/messages.ts'
import { transports } from '../../../web/transports/index.ts'

const SPLIT: Split = {
  requestHeads: 4000,
  requestBodies: 100,
  responseHeads: 1900,
  framing: 500,
  payload: 2000,
  empty: 1200,
  heartbeats: 20,
}

function laneOf(name: 'short-poll' | 'sse', messages: number): Lane {
  const lane = createLane({ name, transport: name }, transports[name], {
    messages: createMessages(),
    target: () => ({ origin: 'http://localhost', room: 'lobby', intervalMs: 1000, waitS: 25 }),
    offsetMs: () => 0,
    changed: () => {},
    heard: () => {},
    gap: () => {},
    activity: () => {},
  })
  const reading = { lane: 'a', transport: name, requests: 12, connections: 2, bytesUp: 5000, bytesDown: 4720 }
  lane.usage.take('one', { ...reading, split: SPLIT }, messages)
  return lane
}

test('the byte counts for the parts of a message add up to all counted bytes per message', () => {
  const parts = partsPerMessage(laneOf('short-poll', 10).usage)
  expect(parts).toEqual({ payload: 200, framing: 50, heads: 600, nothing: 122 })
})

test('without a message, the parts and the expected cost are unknown', () => {
  const lane = laneOf('sse', 0)
  expect(partsPerMessage(lane.usage)).toBe(null)
  expect(expectedCost(lane, { intervalMs: 1000, waitS: 25, roundTripMs: 1, serviceMs: 0, ratePerSecond: 1 })).toBe(null)
})

test('the cost of an hour includes one opening of the stream for each reader, even if the figures are very recent', () => {
  const hour = hourFor(laneOf('sse', 10))
  expect(hour?.requests).toBe(1000)
  // Other bytes continue at the rate of the shortest time, which is five seconds. The heads of a handshake come once.
  expect(hour?.bytes).toBeCloseTo(((3720 / 5) * 3600 + 6000 / 2) * 1000, -3)
})

test.each([
  [0, 1000],
  [1000, 1000],
  [1001, 2000],
  [4999, 5000],
  [5001, 10_000],
  [30_000, 50_000],
])('the scale for %d bytes ends at %d', (bytes, end) => {
  expect(scaleFor(bytes)).toBe(end)
})
