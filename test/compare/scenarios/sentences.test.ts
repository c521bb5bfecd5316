import { expect, test } from 'vitest'
import type { ScenarioFigures, ScenarioResult } from './figures.ts'
import { scenarioSentences } from './sentences.ts'

test('one sentence compares the storms of all transports, by their worst repetitions', () => {
  const sse = result('sse', [storm({ allLiveMs: 3010 }), storm({ allLiveMs: 3120, silenceMs: 3300 })])
  const ws = result('ws', [storm({ allLiveMs: null, notReturned: 2 })])
  expect(scenarioSentences([sse, ws])).toEqual([
    'After the cut, over sse all clients were live after 3.12 s, and the longest silence of a client was 3.30 s; over ws 2 clients did not return, and the longest silence of a client was 3.20 s.',
  ])
})

test.each([
  ['suffer from', 10, 40],
  // Less than 5 ms.
  ['do not notice', 1, 4],
  // Less than half as much again.
  ['do not notice', 100, 120],
])('the clients that read %s slow ones if p95 goes from %i to %i ms', (verb, beforeMs, duringMs) => {
  const [sentence] = scenarioSentences([result('sse', [slow({ beforeMs, duringMs, dropped: 1 })])])
  expect(sentence).toContain(`Over sse, the other clients ${verb} the slow ones (p95 `)
  expect(sentence).toContain('the server dropped 1 slow client.')
})

test('a transport whose delays cannot be told has no sentence', () => {
  expect(scenarioSentences([{ ...result('sse', [slow({})]), doubt: 'The clients were busy.' }])).toEqual([])
})

const result = (transport: string, scenario: readonly ScenarioFigures[]): ScenarioResult => ({
  transport,
  scenario,
  doubt: null,
  outerDoubt: null,
})

const storm = (changes: Partial<Extract<ScenarioFigures, { name: 'reconnect-storm' }>>): ScenarioFigures => ({
  name: 'reconnect-storm',
  allLiveMs: 3000,
  notReturned: 0,
  connectMs: 5,
  retries: 0,
  silenceMs: 3200,
  publishBeforeMs: 1,
  publishDuringMs: 2,
  publishMaxMs: 3,
  refused: 0,
  ...changes,
})

const slow = (changes: Partial<Extract<ScenarioFigures, { name: 'slow-readers' }>>): ScenarioFigures => ({
  name: 'slow-readers',
  clients: 10,
  beforeMs: 10,
  duringMs: 10,
  slowMs: 900,
  missing: 0,
  dropped: 0,
  unreadBytes: 1000,
  grownKiB: null,
  ...changes,
})
