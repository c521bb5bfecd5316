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

test('no figure is known before the first reading', () => {
  const usage = createUsageMeter()
  usage.clear()
  expect([usage.total, usage.recent, bytesPerMessage(usage.recent)]).toEqual([null, null, null])
})

test('the recent figures start again after clear, and the total continues', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  expect(bytesPerMessage(usage.recent)).toBe(200)
  usage.clear()
  expect(bytesPerMessage(usage.recent)).toBe(null)
  usage.take('one', reading(110, 340), 3)
  expect(usage.recent).toMatchObject({ bytesUp: 10, bytesDown: 40, messages: 1, split: { payload: 40 } })
  expect(usage.total).toMatchObject({ bytesUp: 110, bytesDown: 340, messages: 3, connections: 1 })
})

test('a restarted server counts from 0, and the page’s total continues', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.take('two', reading(20, 50), 3)
  usage.take('two', reading(30, 60), 4)
  expect(usage.total).toMatchObject({ bytesUp: 130, bytesDown: 360, messages: 4, connections: 2 })
  expect(usage.total?.split).toMatchObject({ requestHeads: 130, payload: 360 })
})

test('a new server is recognised by its name, even if its count is higher than before', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.clear()
  usage.take('two', reading(150, 400), 3)
  expect(usage.total).toMatchObject({ bytesUp: 250, bytesDown: 700, connections: 2 })
  expect(usage.recent).toMatchObject({ bytesUp: 150, bytesDown: 400, messages: 1 })
})

test('a lane that its server forgot counts from 0 there, and the page’s total continues', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.take('one', reading(20, 50), 3)
  expect(usage.total).toMatchObject({ bytesUp: 120, bytesDown: 350 })
})

test('missed or repeated readings change nothing', () => {
  const usage = createUsageMeter()
  usage.take('one', reading(100, 300), 2)
  usage.take('one', reading(100, 300), 2)
  usage.take('one', reading(900, 5000), 60)
  expect(usage.total).toMatchObject({ bytesUp: 900, bytesDown: 5000, messages: 60, connections: 1 })
})
