import { describe, expect, test } from 'vitest'
import { readOptions } from '../options.ts'
import { machineOf, workloadOf } from '../report.ts'
import { answerHtmlOf } from './html.ts'
import type { AnswerRun } from './measure.ts'
import { summariseAnswers } from './summary.ts'
import { answerTableOf } from './table.ts'
import { answerChangesSince, answerVerdictOf, brokenByAnswers } from './verdict.ts'

describe('the result for answers', () => {
  const summary = summariseAnswers([runOf(), runOf()])

  test('has quantiles over all answers, and sums of all repetitions', () => {
    expect(summary).toMatchObject({ requests: 402, answers: 400, failed: 2, failure: 'the server was busy', events: 3 })
    expect(summary.first.quantiles.p50?.ms).toBeCloseTo(200, -1)
    expect(summary.gap.quantiles.p95?.ms).toBe(20)
    expect(summary.total.maxMs).toBe(339)
  })

  test('states in its verdict how fast answers begin and end, and how many failed', () => {
    const verdict = answerVerdictOf([summary])
    expect(verdict).toMatch(/^Over ai, 19 of 20 answers begin within 289 ms \(\d+ to \d+\)\. 19 of 20 events follow/)
    expect(verdict).toContain('2 of 402 answers failed; the first reason: the server was busy.')
  })

  test('breaks thresholds of each kind, and keeps others', () => {
    const texts = [
      'ai.first.p95<0.5s',
      'ai.first.p50<100ms',
      'ai.gap.max<=20ms',
      'ai.failed<=1',
      'ai.events<=3',
      'ai.cpu<1ms',
    ]
    const options = readOptions(texts.flatMap((text) => ['--threshold', text]))
    expect(brokenByAnswers([summary], options?.thresholds ?? [])).toEqual([
      expect.stringMatching(/^The threshold ai\.first\.p50<100ms is broken: first\.p50 of ai is \d+ ms\.$/),
      'The threshold ai.failed<=1 is broken: failed of ai is 2.',
      'The threshold ai.cpu<1ms is not met: cpu of ai cannot be told.',
    ])
  })

  test('states which times have changed since a baseline', () => {
    const [before, after] = [runsOf(0), runsOf(60)].map((runs) => summariseAnswers(runs))
    if (!before || !after) throw new Error('There are no summaries.')
    expect(answerChangesSince([before], [after])).toEqual([
      'Since the baseline, ai: first 202 → 262 ms, slower (p = 0.008); gap 20.0 → 20.0 ms, no difference (p = 1.000); total 242 → 302 ms, slower (p = 0.008).',
    ])
    expect(answerChangesSince([], [after])).toEqual(['ai is not in the baseline.'])
  })

  test('doubts times that may be those of the measuring program', () => {
    const late = summariseAnswers([{ ...runOf(), slipsMs: [200, 200] }])
    expect(late.first.doubt).toBe('Requests were sent up to 200 ms too late. Reduce --rate, or stop other programs.')
    expect(late.gap.doubt).toBeNull()
    const busy = summariseAnswers([{ ...runOf(), busyMs: [50, 50] }])
    expect(busy.gap.doubt).toBe('Events waited up to 50.0 ms for the measuring program itself. Reduce --rate.')
    expect(answerTableOf([busy])).toMatch(/between two events +\? +\? +\? +\?\n/)
  })

  test('is shown without pictures if no answer was complete', () => {
    const none = summariseAnswers([{ ...runOf(), answers: [] }])
    const html = htmlOf(none)
    expect(answerVerdictOf([none])).toContain('No answer was complete.')
    expect(html).not.toMatch(/<svg|NaN/)
  })

  test('is a page that loads no other file, with a line for each part and a point for each answer', () => {
    const html = htmlOf(summariseAnswers([{ ...runOf(), transport: '<img>', failures: ['<b>'] }]))
    expect(html).not.toMatch(/<(?:img|b|script|link)>|\burl\(|\b(?:src|href)="|NaN/)
    expect(html.match(/<polyline class="s\d" points="[\d., ]{500,}"/g)).toHaveLength(3)
    expect(html.match(/<circle/g)).toHaveLength(200)
  })
})

function htmlOf(summary: ReturnType<typeof summariseAnswers>): string {
  const results = [summary]
  const options = readOptions(['--adapter', 'ai', '--url', 'http://localhost/'])
  if (!options) throw new Error('There are no options.')
  const workload = workloadOf(options)
  const texts = { version: '1', startedAt: '2026-11-29', verdict: answerVerdictOf(results), changes: [], broken: [] }
  return answerHtmlOf({ ...texts, machine: machineOf(false), workload, results })
}

/** Five repetitions whose answers begin and end later by a time, and by 1 ms more in each repetition. */
const runsOf = (laterMs: number): readonly AnswerRun[] =>
  [0, 1, 2, 3, 4].map((more) => {
    const run = runOf()
    const answers = run.answers.map((answer) => ({
      ...answer,
      firstMs: answer.firstMs + laterMs + more,
      totalMs: answer.totalMs + laterMs + more,
    }))
    return { ...run, answers }
  })

/** 200 answers that begin after 100 to 299 ms, and one that failed. */
function runOf(): AnswerRun {
  const firsts = Array.from({ length: 200 }, (_, i) => 100 + i)
  return {
    transport: 'ai',
    requests: 201,
    answers: firsts.map((firstMs, i) => ({
      dueS: i / 100,
      events: 3,
      firstMs,
      totalMs: firstMs + 40,
      gapsMs: [20, 20],
    })),
    failures: ['the server was busy'],
    slipsMs: [0, 1],
    busyMs: [0, 1],
    bytes: 1000,
    cpuUs: null,
    othersShare: null,
  }
}
