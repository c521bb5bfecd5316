import { expect, test } from 'vitest'
import type { Crossing } from '../../../server/protocol/wire.ts'
import { createExchanges } from '../../../web/session/exchanges.ts'

test('the list of exchanges finds the next and the previous exchange of the same lane', () => {
  const exchanges = createExchanges()
  expect(exchanges.latest('sse')).toBe(null)
  exchanges.take([request('short-poll', 1), request('ws', 2), request('short-poll', 3), answer('short-poll', 3)])
  exchanges.take([request('short-poll', 4)])
  expect(exchanges.latest('short-poll')).toBe(4)
  expect(exchanges.beside(3, 'short-poll', -1)).toBe(1)
  expect(exchanges.beside(3, 'short-poll', 1)).toBe(4)
  expect(exchanges.beside(1, 'short-poll', -1)).toBe(null)
  expect(exchanges.beside(4, 'short-poll', 1)).toBe(null)
  expect(exchanges.beside(2, 'ws', 1)).toBe(null)
})

test('the exchange after a forgotten one is the first exchange that the list still has', () => {
  const exchanges = createExchanges()
  exchanges.take(Array.from({ length: 5000 }, (_, i) => request('short-poll', i + 1)))
  expect(exchanges.beside(1, 'short-poll', -1)).toBe(null)
  expect(exchanges.beside(1, 'short-poll', 1)).toBeGreaterThan(2000)
})

test('the list forgets earlier exchanges if a restarted server counts from 1 again', () => {
  const exchanges = createExchanges()
  exchanges.take([request('sse', 7), request('sse', 9), request('sse', 1), request('sse', 2)])
  expect(exchanges.latest('sse')).toBe(2)
  expect(exchanges.beside(2, 'sse', -1)).toBe(1)
  expect(exchanges.beside(1, 'sse', -1)).toBe(null)
})

function request(lane: string, exchange: number): Crossing {
  return { lane: `229262d1.${lane}`, exchange, is: 'request', up: true, at: 0, bytes: 400, connection: 1 }
}

function answer(lane: string, exchange: number): Crossing {
  return { lane: `229262d1.${lane}`, exchange, is: 'answer', up: false, at: 0, bytes: 200, status: 204 }
}

test('the list finds the latest exchange of a lane outside the page by the full name of that lane', () => {
  const exchanges = createExchanges()
  expect(exchanges.latestIn('page.try1')).toBe(null)
  exchanges.take([request('sse', 1), request('try1', 2), request('try2', 3)])
  expect(exchanges.latestIn(request('try1', 2).lane)).toBe(2)
  expect(exchanges.latest('sse')).toBe(1)
})

test('the list finds exchanges that were active since a given time, even streams that began earlier', () => {
  const exchanges = createExchanges()
  const at = (crossing: Crossing, ms: number): Crossing => ({ ...crossing, at: ms })
  exchanges.take([at(request('sse', 1), 0), at(request('short-poll', 2), 10), at(answer('short-poll', 2), 20)])
  exchanges.take([at(request('short-poll', 3), 90), at({ ...answer('sse', 1), is: 'event' }, 100)])
  expect(exchanges.since(50)).toEqual([1, 3])
  expect(exchanges.since(100)).toEqual([1])
  expect(exchanges.since(101)).toEqual([])
})
