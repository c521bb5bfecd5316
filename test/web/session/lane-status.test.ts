import { expect, test } from 'vitest'
import { now } from '../../../web/now.ts'
import { laneStatus } from '../../../web/session/lane-status.ts'
import type { Lane } from '../../../web/lane/lane.ts'
import type { ExchangeMark } from '../../../web/lane/mark.ts'

const told: ExchangeMark = {
  kind: 'exchange',
  id: 1,
  askedAtMs: 0,
  reachedAtMs: 1,
  endedAtMs: 2,
  carried: 0,
  crossed: { exchange: 1, connection: 1, isReused: false, status: 204, bytesUp: 1, bytesDown: 1 },
}

test.each([
  ['that the wire has reported', [told, out({ reachedAtMs: 5 })], 'held'],
  ['that the wire has not reported, although it has reported another poll', [told, out({})], 'asking'],
  ['on a wire without reports', [{ ...told, crossed: undefined } as unknown as ExchangeMark, out({})], 'held'],
] as const)('an old long poll %s is shown as %3$s', (_, exchanges, is) => {
  const state = { is: 'asking', atMs: now() - 3000 }
  const lane = { transport: 'long-poll', state, droppedFor: null, on: true, marks: { exchanges } } as unknown as Lane
  expect(laneStatus(lane, 1, null, null).is).toBe(is)
})

test('an open stream is shown as degraded while the server says that no messages arrive', () => {
  const statusOf = (state: object) =>
    laneStatus({ transport: 'sse', state, droppedFor: null, on: true } as unknown as Lane, 1, null, null)
  expect(statusOf({ is: 'open', atMs: now(), trouble: 'Redis does not reply.' })).toEqual({
    is: 'waiting',
    text: 'no messages arrive',
    alarm: 'degraded',
  })
  expect(statusOf({ is: 'open', atMs: now() })).toMatchObject({ is: 'open', alarm: null })
})

function out(more: Partial<ExchangeMark>): ExchangeMark {
  return { kind: 'exchange', id: 2, askedAtMs: 3, endedAtMs: null, carried: 0, ...more }
}
