import { expect, test } from 'vitest'
import type { ExchangeMark } from '../../../web/lane/mark.ts'
import { lessons } from '../../../lessons/kit/course.ts'
import { createLatencies } from '../../../web/measure/latency.ts'
import { COUNTED, QUESTIONS } from '../../../web/lesson/prediction.ts'
import type { SandboxSession } from '../../../web/session/session.ts'

const question = QUESTIONS['long-polling']

/**
 * Session with polls held from 100 to 1000 and from 1200 to 2000. Between and after them, no request is at the
 * server.
 */
function sessionWith(publishedAtMs: readonly number[]): SandboxSession {
  const exchanges: ExchangeMark[] = [
    { kind: 'exchange', id: 1, askedAtMs: 0, reachedAtMs: 100, leftAtMs: 1000, endedAtMs: 1100, carried: 1 },
    { kind: 'exchange', id: 2, askedAtMs: 1100, reachedAtMs: 1200, leftAtMs: 2000, endedAtMs: 2100, carried: 1 },
    { kind: 'exchange', id: 3, askedAtMs: 2100, endedAtMs: null, carried: 0 },
  ]
  const lane = { name: 'long-poll', marks: { exchanges }, tally: { sinceMs: 0 } }
  const all = publishedAtMs.map((at) => ({ event: { at } }))
  return {
    lanes: [lane],
    offsetMs: 0,
    roundTripMs: 200,
    ratePerSecond: 1,
    messages: { all },
  } as unknown as SandboxSession
}

test('the measurement for long polling counts the messages that arrived while no request was at the server', () => {
  expect(question?.measured(sessionWith([500, 1000, 1100, 1199, 1300, 1999, 2001, 2050]))).toEqual({
    value: 50,
    n: 8,
    of: 'messages',
  })
})

test('the measurement for long polling ignores messages before the first request or after the last one', () => {
  expect(question?.measured(sessionWith([50, 500, 2150]))).toMatchObject({ n: 1, value: 0 })
})

test('the measurement for long polling has no value if there is no message', () => {
  expect(question?.measured(sessionWith([]))).toBe(null)
})

test('for a round trip of 200 ms and one message a second, the model of long polling expects 20 of 100 messages', () => {
  expect(question?.expected(sessionWith([]))).toBeCloseTo(19.6, 1)
})

test('lesson 1 measures the mean age only under the network and the polling interval that its question states', () => {
  const asked = QUESTIONS['why-real-time']
  const latencies = createLatencies()
  for (const ms of [100, 900, 2000]) latencies.add(ms, ms)
  const lane = { name: 'short-poll', latencies }
  const sessionOf = (latencyMs: number, intervalMs: number) =>
    ({
      lanes: [lane],
      conditions: { latencyMs },
      intervalMs,
      expected: () => ({ p50Ms: 1200 }),
    }) as unknown as SandboxSession
  expect(asked?.measured(sessionOf(100, 2000))).toEqual({ value: 1000, n: 3, of: 'messages' })
  expect(asked?.expected(sessionOf(100, 2000))).toBe(1200)
  expect(asked?.missing?.(sessionOf(100, 2000))).toBe(null)
  expect(asked?.missing?.(sessionOf(0, 2000))).toMatch(/100 ms each way/)
  expect(asked?.missing?.(sessionOf(100, 1000))).not.toBe(null)
})

test('the measured overhead of a WebSocket states how long the messages are', () => {
  const split = { framing: 12, payload: 600 }
  const lane = { name: 'ws', usage: { recent: { messages: 6, split } } }
  const session = { lanes: [lane] } as unknown as SandboxSession
  expect(QUESTIONS['how-websockets-work']?.measured(session)).toEqual({ value: 2, n: 6, of: 'messages of 100 bytes' })
})

test('every lesson either has a measurement for its question or explains how to count the answer', () => {
  for (const { name } of lessons()) {
    const lesson = name.slice(3)
    expect([name, lesson in QUESTIONS, lesson in COUNTED]).toEqual([name, lesson in QUESTIONS, !(lesson in QUESTIONS)])
  }
})
