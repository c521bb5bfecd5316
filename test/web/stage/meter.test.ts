import { expect, test } from 'vitest'
import type { LaneFigures } from '../../../server/protocol/show.ts'
import { joined, thinned } from '../../../web/stage/meter.ts'

const figures = (given: Partial<LaneFigures>): LaneFigures => ({
  lane: 'ws',
  p50Ms: 10,
  n: 10,
  bytesPerMessage: 100,
  lost: 0,
  doubled: 0,
  ...given,
})

test('60 delays stand for all of them, at equal distances', () => {
  const all = Array.from({ length: 600 }, (_, i) => i)
  const kept = thinned(all)
  expect(kept).toHaveLength(60)
  expect(kept[0]).toBe(5)
  expect(kept.at(-1)).toBe(595)
  expect(thinned([3, 4.126])).toEqual([3, 4.13])
  expect(thinned([-0.2])).toEqual([0])
})

test('a reloaded stage goes on with the figures that it has sent', () => {
  const both = joined(
    figures({ n: 30, p50Ms: 12, bytesPerMessage: 100, lost: 1, delaysMs: [10, 12, 14] }),
    figures({ n: 10, p50Ms: 20, bytesPerMessage: 200, lost: 2, delaysMs: [20] }),
  )
  expect(both).toMatchObject({ n: 40, p50Ms: 12, bytesPerMessage: 125, lost: 3 })
  expect(both.delaysMs?.filter((ms) => ms === 20)).toHaveLength(10)
})

test('a stage that has measured nothing yet shows the figures from before', () => {
  const before = figures({ n: 30, delaysMs: [1] })
  expect(joined(before, figures({ n: 0, p50Ms: null, bytesPerMessage: null }))).toMatchObject(before)
  expect(joined(figures({ n: 0 }), figures({ n: 4, p50Ms: 8 }))).toMatchObject({ n: 4, p50Ms: 8 })
})
