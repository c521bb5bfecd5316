import { expect, test } from 'vitest'
import type { Exchange } from '../../../web/state/mark.ts'
import { QUESTIONS } from '../../../web/state/prediction.ts'
import type { Session } from '../../../web/state/session.ts'

const question = QUESTIONS['long-polling']

/** Holds from 100 to 1000 and from 1200 to 2000; between the two, and behind them, nobody asks. */
function sessionWith(publishedAtMs: readonly number[]): Session {
  const exchanges: Exchange[] = [
    { kind: 'exchange', id: 1, askedAtMs: 0, reachedAtMs: 100, leftAtMs: 1000, endedAtMs: 1100, carried: 1 },
    { kind: 'exchange', id: 2, askedAtMs: 1100, reachedAtMs: 1200, leftAtMs: 2000, endedAtMs: 2100, carried: 1 },
    { kind: 'exchange', id: 3, askedAtMs: 2100, endedAtMs: null, carried: 0 },
  ]
  const lane = { name: 'long-poll', marks: { exchanges }, tally: { sinceMs: 0 } }
  const all = publishedAtMs.map((at) => ({ event: { at } }))
  return { lanes: [lane], offsetMs: 0, roundTripMs: 200, ratePerSecond: 1, messages: { all } } as unknown as Session
}

test('counts the messages that found no request at the server', () => {
  expect(question?.measured(sessionWith([500, 1000, 1100, 1199, 1300, 1999, 2001, 2050]))).toEqual({
    value: 50,
    n: 8,
    of: 'messages',
  })
})

test('counts none that was published before the first request was there, nor behind the last one', () => {
  expect(question?.measured(sessionWith([50, 500, 2150]))).toMatchObject({ n: 1, value: 0 })
})

test('tells nothing before something was published', () => {
  expect(question?.measured(sessionWith([]))).toBe(null)
})

test('expects 20 of 100 where a round trip takes 200 ms and one message a second is published', () => {
  expect(question?.expected(sessionWith([]))).toBeCloseTo(19.6, 1)
})
