/** Tests of the advice of the decision page: for its four examples, for their neighbours, and for any workload. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXAMPLES } from '../../../web/choose/examples.ts'
import { workloadTrouble } from '../../../web/choose/workload-trouble.ts'
import { CLOSE, RULE, adviceFor, costOf, isClose } from '../../../web/measure/advice.ts'
import { changesOf } from '../../../web/measure/changes.ts'
import { predict } from '../../../web/measure/choosing.ts'
import type { ByTransport, Predicted } from '../../../web/measure/choosing.ts'
import type { LaneSizes } from '../../../web/measure/model.ts'
import { FIGURES, HTTP_VERSIONS, PATHS, READERS, readWorkload, writeWorkload } from '../../../web/measure/workload.ts'
import type { Workload } from '../../../web/measure/workload.ts'
import { transports } from '../../../web/transports/index.ts'
import { TRANSPORTS } from '../../../web/lane/order.ts'

/** Sizes that the page measured in Chromium, rounded. */
function sizesFor(bytes: number): ByTransport<LaneSizes> {
  const poll: LaneSizes = { payload: 116 + bytes, heads: 900, framing: 60, empty: 770 }
  const framed = (framing: number): LaneSizes => ({ ...poll, framing })
  return { 'short-poll': poll, 'long-poll': poll, sse: framed(26), ws: framed(4), stream: framed(5) }
}

const WRITING = { post: 1000, socket: 300 }

function predicted(workload: Workload): ByTransport<Predicted> {
  const way = { roundTripMs: 2 * workload.latency + 1, serviceMs: 1 }
  const sizes = sizesFor(workload.bytes)
  return Object.fromEntries(
    TRANSPORTS.map((name) => [name, predict(transports[name], workload, sizes[name], way, WRITING)]),
  ) as ByTransport<Predicted>
}

const advice = (workload: Workload) => adviceFor(predicted(workload), workload, transports)

/** Returns the example with this letter, changed. */
function example(letter: 'A' | 'B' | 'C' | 'D', change: Partial<Workload> = {}): Workload {
  const { search } = EXAMPLES['ABCD'.indexOf(letter)] ?? { search: '' }
  return { ...readWorkload(search), ...change }
}

test('each example is a link with figures that the page can use and writes in the same way', () => {
  for (const { search } of EXAMPLES) {
    expect(workloadTrouble(search)).toBeNull()
    expect(writeWorkload(readWorkload(search))).toBe(search)
  }
})

describe('the advice for', () => {
  test('a dashboard for 5,000 readers is SSE, because it is the simplest of those that cost about the same', () => {
    expect(advice(example('A'))).toEqual({
      is: 'transport',
      transport: 'sse',
      close: ['sse', 'ws', 'stream'],
      answer: 'SSE',
      because: 'SSE, WebSocket and Streaming fetch cost about the same, and SSE is the simplest of them to run.',
    })
  })

  test('a dashboard whose figures may be a minute old is short polling, and a reload if they may be five minutes old', () => {
    expect(advice(example('A', { age: 60, rate: 20 })).answer).toBe('Short polling')
    expect(advice(example('A', { age: 300 }))).toMatchObject({
      is: 'reload',
      answer: 'None of these: a plain GET when the page opens and then every 5 min, with an ETag and Cache-Control',
    })
  })

  test('a chat for 200 people is SSE with POST, because each person reads far more than they write', () => {
    expect(advice(example('B')).answer).toBe('SSE with POST to write')
  })

  test('two people who both write twenty messages a second is a WebSocket', () => {
    expect(advice(example('B', { clients: 2, rate: 40 }))).toMatchObject({
      answer: 'WebSocket',
      because: 'WebSocket costs clearly the least of the 5 transports that can do the task.',
    })
  })

  test('hourly notifications to phones is Web Push, and short polling while the page is open', () => {
    expect(advice(example('C'))).toMatchObject({
      is: 'push',
      answer: 'Web Push; while the page is open, Short polling',
    })
    expect(advice(example('C', { readers: 'pages' })).answer).toBe('Short polling')
  })

  test('programs on servers is a message queue', () => {
    expect(advice(example('C', { readers: 'servers' })).answer).toBe('None of these: a message queue')
  })

  test('a board behind a proxy and a firewall is long polling, and short polling if changes may arrive later', () => {
    expect(advice(example('D'))).toMatchObject({
      answer: 'Long polling with POST to write',
      because: 'Long polling costs clearly the least of the 2 transports that can do the task.',
    })
    expect(advice(example('D', { age: 2 }))).toMatchObject({
      close: ['short-poll', 'long-poll'],
      answer: 'Short polling with POST to write',
    })
    expect(advice(example('D', { path: 'firewall' })).transport).toBe('sse')
    expect(advice(example('D', { path: 'buffers' })).transport).toBe('ws')
  })

  test('a task at which all transports are too late is none of them', () => {
    expect(advice(example('A', { age: 0.01 }))).toMatchObject({ is: 'none', transport: null, close: [] })
  })
})

test('the rule is a sentence of lesson 17', () => {
  const lesson = readFileSync(join(import.meta.dirname, '../../../lessons/17-choosing/README.md'), 'utf8')
  expect(lesson.replaceAll(/\s+/g, ' ')).toContain(RULE)
})

test('costs that differ by less than a client or a server notices are close', () => {
  expect(isClose(0.7, 0.56, 1000)).toBe(true)
  expect(isClose(125, 100, 1e6)).toBe(true)
  expect(isClose(126, 100, 10)).toBe(false)
  expect(isClose(25, 4, 50_000)).toBe(true)
  expect(isClose(25, 4, 100_000)).toBe(false)
})

const number = (name: keyof typeof FIGURES) =>
  name === 'bytes' || name === 'clients'
    ? fc.integer({ min: FIGURES[name].from, max: FIGURES[name].to })
    : // Small values matter as much as great ones, so the exponent is uniform.
      fc
        .double({ min: Math.log(Math.max(FIGURES[name].from, 1e-5)), max: Math.log(FIGURES[name].to), noNaN: true })
        .map((exponent) => Math.min(FIGURES[name].to, Math.max(FIGURES[name].from, Math.exp(exponent))))

const anyWorkload: fc.Arbitrary<Workload> = fc.record({
  rate: number('rate'),
  bytes: number('bytes'),
  clients: number('clients'),
  age: number('age'),
  latency: number('latency'),
  idle: number('idle'),
  memory: number('memory'),
  path: fc.constantFrom(...PATHS),
  speaks: fc.boolean(),
  readers: fc.constantFrom(...READERS),
  http: fc.constantFrom(...HTTP_VERSIONS),
})

describe('for any workload,', () => {
  test('the advice never contradicts the figures', () => {
    fc.assert(
      fc.property(anyWorkload, (workload) => {
        const all = predicted(workload)
        const { transport, close, is } = adviceFor(all, workload, transports)
        const able = TRANSPORTS.filter((name) => all[name].out === null)
        expect(transport === null).toBe(able.length === 0)
        if (transport === null) {
          expect(is).not.toBe('transport')
          return
        }
        const least = Math.min(...able.map((name) => costOf(all[name])))
        expect(all[transport].out).toBeNull()
        expect(close).toContain(transport)
        for (const name of close) {
          const cost = costOf(all[name])
          expect(cost <= CLOSE * least || cost - least < 24).toBe(true)
          expect(transports[name].simplicityRank).toBeGreaterThanOrEqual(transports[transport].simplicityRank)
        }
        for (const name of able.filter((one) => !close.includes(one)))
          expect(costOf(all[name])).toBeGreaterThan(CLOSE * least)
      }),
      { numRuns: 300 },
    )
  })

  test('each condition under which the answer changes is true', () => {
    fc.assert(
      fc.property(anyWorkload, (workload) => {
        const asked: Workload[] = []
        const sentences = changesOf(workload, (changed) => (asked.push(changed), advice(changed)))
        const answers = new Set(asked.map((changed) => advice(changed).answer))
        for (const sentence of sentences) {
          const [, answer] = sentence.match(/the answer is: (.*)\.$/) ?? []
          if (answer === undefined) expect(sentence).toMatch(/no transport can do the task\.$/)
          else expect(answers).toContain(answer)
          expect(answer).not.toBe(advice(workload).answer)
        }
      }),
      { numRuns: 30 },
    )
  })
})

test('the conditions name the nearest value at which the answer changes', () => {
  const sentences = changesOf(example('A'), advice)
  expect(sentences).toContain('Behind a proxy that buffers responses, the answer is: WebSocket.')
  expect(sentences.join(' ')).toMatch(/If a message may be at most \d+ s old, the answer is: Short polling\./)
})
