import { expect, test } from 'vitest'
import type { LaneBytes } from '../../../server/protocol/wire.ts'
import { bytesPerMessage, createUsageMeter } from '../../../web/lane/usage.ts'

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

test('the usage of a lane is unknown before the first reading', () => {
  const usage = createUsageMeter()
  usage.clear()
  expect([usage.total, usage.recent, bytesPerMessage(usage.recent)]).toEqual([null, null, null])
})

test('the method clear resets the recent figures, and the total continues', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  expect(bytesPerMessage(usage.recent)).toBe(200)
  usage.clear()
  expect(bytesPerMessage(usage.recent)).toBe(null)
  usage.take('one', reading(110, 340), 3)
  expect(usage.recent).toMatchObject({ bytesUp: 10, bytesDown: 40, messages: 1, split: { payload: 40 } })
  expect(usage.total).toMatchObject({ bytesUp: 110, bytesDown: 340, messages: 3, connections: 1 })
})

test('the page’s total continues although a new server counts from 0', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.take('two', reading(20, 50), 3)
  usage.take('two', reading(30, 60), 4)
  expect(usage.total).toMatchObject({ bytesUp: 130, bytesDown: 360, messages: 4, connections: 2 })
  expect(usage.total?.split).toMatchObject({ requestHeads: 130, payload: 360 })
})

test('a new server is recognised by its id, even if its count is higher than that of the old server', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.clear()
  usage.take('two', reading(150, 400), 3)
  expect(usage.total).toMatchObject({ bytesUp: 250, bytesDown: 700, connections: 2 })
  expect(usage.recent).toMatchObject({ bytesUp: 150, bytesDown: 400, messages: 1 })
})

test('the page’s total continues although the same server counts a forgotten lane from 0 again', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.take('one', reading(20, 50), 3)
  expect(usage.total).toMatchObject({ bytesUp: 120, bytesDown: 350 })
})

test('missed or repeated readings do not change the total', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.take('one', reading(100, 300), 2)
  usage.take('one', reading(900, 5000), 60)
  expect(usage.total).toMatchObject({ bytesUp: 900, bytesDown: 5000, messages: 60, connections: 1 })
})
