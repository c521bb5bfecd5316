import { expect, test } from 'vitest'
import type { LaneBytes } from '../../../server/protocol.ts'
import { bytesPerMessage, createUsageMeter } from '../../../web/state/usage.ts'

const reading = (bytesUp: number, bytesDown: number): LaneBytes => ({
  lane: 'a.sse',
  transport: 'sse',
  requests: 1,
  connections: 1,
  bytesUp,
  bytesDown,
  split: {
    requestHeads: bytesUp,
    requestBodies: 0,
    responseHeads: 0,
    framing: 0,
    payload: bytesDown,
    empty: 0,
    heartbeats: 0,
  },
})

test('nothing is known before the meter has spoken', () => {
  const usage = createUsageMeter()
  usage.clear()
  expect([usage.total, usage.recent, bytesPerMessage(usage.recent)]).toEqual([null, null, null])
})

test('the figures begin again where they are cleared, and the total goes on', () => {
  const usage = createUsageMeter()
  usage.take(reading(100, 300), 2)
  expect(bytesPerMessage(usage.recent)).toBe(200)
  usage.clear()
  expect(bytesPerMessage(usage.recent)).toBe(null)
  usage.take(reading(110, 340), 3)
  expect(usage.recent).toMatchObject({ bytesUp: 10, bytesDown: 40, messages: 1, split: { payload: 40 } })
  expect(usage.total).toMatchObject({ bytesUp: 110, bytesDown: 340, messages: 3, connections: 1 })
})

test('a server that was started anew counts from 0, and the page goes on from where it was', () => {
  const usage = createUsageMeter()
  usage.take(reading(100, 300), 2)
  usage.take(reading(20, 50), 3)
  usage.take(reading(30, 60), 4)
  expect(usage.total).toMatchObject({ bytesUp: 130, bytesDown: 360, messages: 4, connections: 2 })
  expect(usage.total?.split).toMatchObject({ requestHeads: 130, payload: 360 })
})
