import { expect, test } from 'vitest'
import { createRestarts } from '../../../server/processes/restarts.ts'

const STABLE_MS = 10_000

test('a stable worker is replaced at once, however often one ends', () => {
  const restarts = createRestarts(2)
  for (let i = 0; i < 100; i++) expect(restarts.pauseMs(STABLE_MS, 0)).toBe(0)
})

test('workers that end early are replaced after growing pauses, and then not any more', () => {
  const restarts = createRestarts(2)
  const pauses = Array.from({ length: 8 }, () => restarts.pauseMs(STABLE_MS - 1, 0))
  expect(pauses).toEqual([0, 100, 200, 400, 800, 1600, 3200, null])
})

test('while another worker is stable, the attempts continue every few seconds', () => {
  const restarts = createRestarts(1)
  const pauses = Array.from({ length: 100 }, () => restarts.pauseMs(0, STABLE_MS))
  expect(pauses.at(-1)).toBe(5000)
})

test('a worker that was stable ends a row of early ends', () => {
  const restarts = createRestarts(1)
  for (let i = 0; i < 3; i++) restarts.pauseMs(0, 0)
  expect(restarts.pauseMs(STABLE_MS, 0)).toBe(0)
  expect([restarts.pauseMs(0, 0), restarts.pauseMs(0, 0)]).toEqual([0, 100])
})
