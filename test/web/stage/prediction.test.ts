import { expect, test } from 'vitest'
import type { LaneFigures } from '../../../server/protocol/show.ts'
import { delayText, figureText, measure } from '../../../web/stage/figures.ts'
import { drawPrediction } from '../../../web/stage/prediction.ts'
import { SCENES, scene, seatOf, stateOf } from '../show/scenes.ts'

const LANE: LaneFigures = {
  lane: 'short-poll',
  p50Ms: 2400,
  n: 4,
  bytesPerMessage: 800,
  lost: 0,
  doubled: 0,
  delaysMs: [100, 2400, 2500, 4900],
  expected: { p50Ms: 2500, fromMs: 0, toMs: 5000, bytesPerMessage: 900 },
}
const NEWS = scene({ id: 'news' })
const found = measure({ of: 'delay', lane: 'short-poll' }, [LANE], [])
const VOTES = { votes: [1, 0, 2, 1] }

test('while the class predicts, the stage shows no votes and no measurement, even if it knows them', () => {
  const picture = drawPrediction(NEWS, stateOf({ step: 'predict', ...VOTES }), found, 300)
  expect(picture?.answers.map(({ count, blocks }) => [count, blocks])).toEqual(
    Array.from({ length: 4 }, () => [null, '']),
  )
  expect(picture?.said).toBeNull()
  expect(picture?.measured).toBeNull()
  expect(picture?.marks).toEqual([])
})

test('closed votes stand as blocks above the axis, with the median of the class', () => {
  const picture = drawPrediction(NEWS, stateOf({ step: 'closed', ...VOTES }), found, 300)
  expect(picture?.answers.map(({ count }) => count)).toEqual([1, 0, 2, 1])
  expect(picture?.said?.text).toBe('2.5 s')
  expect(picture?.said?.x).toBe(picture?.answers[2]?.x)
  expect(picture?.measured).toBeNull()
})

test('the run adds one mark for each delay below the axis, the model as an outline, and the figure', () => {
  const picture = drawPrediction(NEWS, stateOf({ step: 'run', ...VOTES }), found, 300)
  expect(picture?.marks).toHaveLength(4)
  for (const { y } of picture?.marks ?? []) expect(y).toBeGreaterThan(picture?.below ?? 0)
  expect(picture?.measured?.text).toBe('2.4 s')
  const [from = 0, to = 0] = picture?.expected ?? []
  expect(to).toBeCloseTo(picture?.answers[3]?.x ?? 0)
  expect(from).toBeLessThan(to)
})

test('the explanation marks the right answer, and shows the figure of the server', () => {
  const outcome = { value: 2600, right: 2, tie: [] }
  const picture = drawPrediction(NEWS, stateOf({ step: 'explain', ...VOTES, outcome }), found, 300)
  expect(picture?.answers.map(({ isRight }) => isRight)).toEqual([false, false, true, false])
  expect(picture?.measured?.text).toBe('2.6 s')
})

test('answers that name lanes have no axis', () => {
  const last = SCENES.at(-1)
  expect(last && drawPrediction(last, stateOf({ step: 'run' }), found, 300)).toBeNull()
})

test('the figures of the class come from the seats', () => {
  const seats = [seatOf(1, 'ws', 10), seatOf(2, 'ws', 30), seatOf(3, 'sse', 50), seatOf(4, 'sse', 70)]
  expect(measure({ of: 'classDelay', lane: 'ws' }, [], seats).value).toBe(10)
  expect(measure({ of: 'worstQuarter' }, [], seats)).toMatchObject({ value: 50, counted: '4 phones' })
})

test('lost messages of all lanes are added, and without a message nothing is known', () => {
  expect(measure({ of: 'lost' }, [LANE, { ...LANE, lost: 2 }], []).value).toBe(2)
  expect(measure({ of: 'lost' }, [{ ...LANE, n: 0 }], []).value).toBeNull()
})

test('delays of a second and more are given in seconds', () => {
  expect([0.42, 505, 999.4, 1000, 2164, 12_000].map((ms) => delayText(ms).join(' '))).toEqual([
    '0.4 ms',
    '505 ms',
    '999 ms',
    '1 s',
    '2.16 s',
    '12 s',
  ])
  expect(delayText(null)).toEqual(['–', 'ms'])
  expect(figureText({ of: 'bytes', lane: 'ws' }, 812.4)).toBe('812 B')
  expect(figureText({ of: 'lost' }, 0)).toBe('0 lost')
})
