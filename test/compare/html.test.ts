import { expect, test } from 'vitest'
import { htmlOf } from './html.ts'
import { readOptions } from './options.ts'
import { machineOf, workloadOf } from './report.ts'
import type { Summary } from './summary.ts'

test('the report as a page loads no other file, and shows texts from the server as text', () => {
  const html = htmlOf({ ...report([summary('<img src=x>')]), verdict: 'a & b', changes: ['"c"'], broken: ['<d>'] })
  expect(html).not.toMatch(/<(?:img|script|link|iframe)|\burl\(|\b(?:src|href)="/)
  for (const text of ['&lt;img src=x&gt;', 'a &amp; b', '&quot;c&quot;', '&lt;d&gt;']) expect(html).toContain(text)
})

test('the report as a page has, for each transport, a line in the distribution and a picture over time', () => {
  const html = htmlOf(report([summary('sse'), summary('ws')]))
  expect(html.match(/<polyline class="s\d" points="[\d., ]{500,}"/g)).toHaveLength(2)
  expect(html).toContain('aria-label="Delay of each message over ws"')
  expect(html.match(/<circle/g)).toHaveLength(6)
  expect(html).not.toContain('NaN')
})

test('the report as a page lists a transport without deliveries in its table, and has no picture of it', () => {
  const none = { ...summary('ws'), deliveries: 0, distribution: [], overTime: [], doubt: 'No message has arrived.' }
  const html = htmlOf(report([summary('sse'), none]))
  expect(html).toContain('<td>ws</td>')
  expect(html).not.toContain('Delay of each message over ws')
  expect(html).not.toContain('NaN')
})

function report(results: readonly Summary[]): Parameters<typeof htmlOf>[0] {
  const options = readOptions([])
  if (!options) throw new Error('There are no options.')
  const texts = { version: '1', startedAt: '2026-11-29', verdict: '', changes: [], broken: [] }
  return { ...texts, machine: machineOf(true), workload: workloadOf(options), results }
}

function summary(transport: string): Summary {
  const quantile = { ms: 2, lowMs: 1, highMs: 3 }
  const quantiles = { p50: quantile, p95: quantile, p99: quantile }
  return {
    transport,
    repetitions: 1,
    messages: 3,
    deliveries: 3,
    independent: 3,
    delay: quantiles,
    maxMs: 3,
    acceptedDelay: quantiles,
    clockBoundMs: 0.1,
    expected: null,
    distribution: Array.from({ length: 201 }, (_, i) => 1 + i / 100),
    overTime: [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
    each: [],
    lost: 0,
    doubled: 0,
    reordered: 0,
    refused: 0,
    refusal: null,
    dropped: 0,
    bytes: 100,
    requests: 0,
    cpuUs: 20,
    memoryKiB: null,
    own: { busyMs: 0, slipMs: 0, loopDelayMs: 0, othersShare: null, relay: null },
    doubt: null,
    outerDoubt: null,
    scenario: [],
  }
}
