import { expect, test } from 'vitest'
import { now } from './now.ts'
import { publishAll, scheduleOf } from './publishing.ts'
import { seededRandom } from './random.ts'

test('a schedule has one message in each interval, at a time that depends only on the seed', () => {
  const schedule = scheduleOf(20, 5, seededRandom(3))
  expect(schedule).toHaveLength(100)
  expect(schedule.map((ms) => Math.floor(ms / 50))).toEqual(Array.from({ length: 100 }, (_, i) => i))
  expect(scheduleOf(20, 5, seededRandom(3))).toEqual(schedule)
  expect(scheduleOf(20, 5, seededRandom(4))).not.toEqual(schedule)
  // The moments within an interval are uniform: their mean is known to a few percent.
  expect(schedule.reduce((sum, ms) => sum + (ms % 50), 0) / 100).toBeCloseTo(25, -1)
})

test('the publisher sends each message at its planned time, even if the server confirms none', async () => {
  const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>()
  const startMs = now() + 20
  const { messages, sent, settled } = publishAll([0, 10, 20, 60], startMs, String, () => confirmed)
  await sent
  expect(messages.map(({ id, confirmedMs }) => [id, confirmedMs])).toEqual([
    ['0', null],
    ['1', null],
    ['2', null],
    ['3', null],
  ])
  for (const { dueMs, sentMs } of messages) expect(sentMs).toBeGreaterThanOrEqual(dueMs)
  expect(messages.map(({ dueMs }) => Math.round(dueMs - startMs))).toEqual([0, 10, 20, 60])
  confirm()
  await settled
  expect(messages.every(({ confirmedMs }) => confirmedMs !== null)).toBe(true)
})

test('a refused message stores the reason of the refusal', async () => {
  const { messages, settled } = publishAll([0], now(), String, () => Promise.reject(new Error('status 503')))
  await settled
  expect(messages[0]).toMatchObject({ refusal: 'status 503', confirmedMs: null })
})
