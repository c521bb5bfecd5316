import { expect, test } from 'vitest'
import type { TransportName } from '../../../server/protocol/feed.ts'
import type { LaneFigures, Scene, SeatReport } from '../../../server/protocol/show.ts'
import { outcomeOf } from '../../../server/show/outcome.ts'

type Asked = Pick<Scene, 'figure' | 'view' | 'answers'>

const lane = (lane: TransportName, figures: Partial<LaneFigures> = {}): LaneFigures => ({
  lane,
  p50Ms: null,
  n: 0,
  bytesPerMessage: null,
  lost: 0,
  doubled: 0,
  ...figures,
})

const seat = (transport: TransportName, p50Ms: number | null): SeatReport => ({
  transport,
  p50Ms,
  n: 10,
  boundMs: 1,
  lost: 0,
  doubled: 0,
})

const values = (...of: number[]): Scene['answers'] => of.map((value) => ({ text: String(value), value }))

const named = (...of: (TransportName | null)[]): Scene['answers'] =>
  of.map((name) => (name === null ? { text: 'none' } : { text: name, lane: name }))

const ask = (figure: Scene['figure'], answers: Scene['answers'], view: Scene['view'] = 'lanes'): Asked => ({
  figure,
  answers,
  view,
})

test('the answer whose value is nearest to the measured one is right, and none if two are equally near', () => {
  const delay = ask({ of: 'delay', lane: 'sse' }, values(10, 100, 1000))
  expect(outcomeOf(delay, [lane('ws', { p50Ms: 1 }), lane('sse', { p50Ms: 80 })], [])).toEqual({
    value: 80,
    right: 1,
    tie: [],
  })
  expect(outcomeOf(delay, [lane('sse', { p50Ms: 55 })], [])).toEqual({ value: 55, right: null, tie: [] })
})

test('there is no outcome if nothing was measured', () => {
  for (const figure of [
    { of: 'delay', lane: 'sse' },
    { of: 'bytes', lane: 'sse' },
    { of: 'classDelay', lane: 'sse' },
    { of: 'lost' },
    { of: 'worstQuarter' },
    { of: 'earliest' },
    { of: 'cheapest' },
    { of: 'stopped' },
  ] as const) {
    expect(outcomeOf(ask(figure, values(1, 2)), [], []), figure.of).toBe(null)
    if (figure.of !== 'lost') expect(outcomeOf(ask(figure, values(1, 2)), [lane('sse')], []), figure.of).toBe(null)
  }
  expect(outcomeOf(ask(null, values(1, 2)), [lane('sse', { p50Ms: 1 })], [])).toBe(null)
})

test('lost messages of all lanes count together', () => {
  const lanes = [lane('sse', { n: 3, lost: 2 }), lane('ws', { n: 3, lost: 3 })]
  expect(outcomeOf(ask({ of: 'lost' }, values(0, 5)), lanes, [])).toMatchObject({ value: 5, right: 1 })
})

test('the earliest lane is right, and lanes that are too close to tell apart tie', () => {
  const scene = ask({ of: 'earliest' }, named('sse', 'ws', null))
  const lanes = (ws: number) => [lane('sse', { p50Ms: 30 }), lane('ws', { p50Ms: ws }), lane('long-poll')]
  expect(outcomeOf(scene, lanes(20), [])).toEqual({ value: 'ws', right: 1, tie: [] })
  expect(outcomeOf(scene, lanes(29), [])).toEqual({ value: null, right: 2, tie: ['ws', 'sse'] })
  expect(outcomeOf(ask({ of: 'earliest' }, named('sse', 'ws')), lanes(29), [])).toMatchObject({ right: null })
})

test('the cheapest lane is right also if it is no answer: then "none of them" is right', () => {
  const lanes = [lane('short-poll', { bytesPerMessage: 160 }), lane('long-poll', { bytesPerMessage: 900 })]
  expect(outcomeOf(ask({ of: 'cheapest' }, named('short-poll', 'long-poll')), lanes, [])).toMatchObject({ right: 0 })
  expect(outcomeOf(ask({ of: 'cheapest' }, named('long-poll', null)), lanes, [])).toMatchObject({
    value: 'short-poll',
    right: 1,
  })
})

test('the lane without a message has stopped, and without such a lane "none of them" is right', () => {
  const scene = ask({ of: 'stopped' }, named('sse', 'ws', null))
  expect(outcomeOf(scene, [lane('sse', { n: 9 }), lane('ws')], [])).toMatchObject({ value: 'ws', right: 1 })
  expect(outcomeOf(scene, [lane('sse', { n: 9 }), lane('ws', { n: 1 })], [])).toMatchObject({ value: null, right: 2 })
})

test('in the room, medians of the class decide, so a few phones that lie change little', () => {
  const reports = [10, 12, 14, 0, 600_000].map((ms) => seat('ws', ms)).concat([40, 41, 42].map((ms) => seat('sse', ms)))
  expect(outcomeOf(ask({ of: 'earliest' }, named('sse', 'ws'), 'room'), [], reports)).toMatchObject({ value: 'ws' })
  expect(outcomeOf(ask({ of: 'classDelay', lane: 'ws' }, values(12, 99)), [], reports)).toMatchObject({ value: 12 })
  expect(outcomeOf(ask({ of: 'worstQuarter' }, values(41, 99)), [], reports)).toMatchObject({ value: 41, right: 0 })
})
