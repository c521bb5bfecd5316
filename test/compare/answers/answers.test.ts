/** Requests and streamed answers, with a small server that has OpenAI's format. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ComparedServer } from '../adapter.ts'
import { ai } from '../adapters/ai.ts'
import { adapterOf, isAsking } from '../adapters/index.ts'
import { readOptions } from '../options.ts'
import type { Options } from '../options.ts'
import { machineOf, workloadOf } from '../report.ts'
import { startChat } from '../../chat-server.ts'
import type { ChatBehaviour } from '../../chat-server.ts'
import { answerHtmlOf } from './html.ts'
import { answered, measureAnswers } from './measure.ts'
import type { AnswerRun } from './measure.ts'
import { summariseAnswers } from './summary.ts'
import { answerTableOf } from './table.ts'
import { answerChangesSince, answerVerdictOf, brokenByAnswers } from './verdict.ts'

describe('the adapter ai', () => {
  test('calls back for each event of an answer, and sends a text as a question', async () => {
    await using chat = await startChat({ tokens: 4 })
    expect(await eventsOf(chat.url, 'Hello?')).toBe(4)
    expect(chat.bodies).toEqual([{ model: 'default', messages: [{ role: 'user', content: 'Hello?' }], stream: true }])
  })

  test('sends JSON as the whole body, and the fields of --header', async () => {
    await using chat = await startChat({ key: 'secret' })
    await eventsOf(chat.url, '{"model": "small", "stream": true}', { headers: { Authorization: 'Bearer secret' } })
    expect(chat.bodies).toEqual([{ model: 'small', stream: true }])
  })

  test('uses a connection again after an answer, and one more while an answer is under way', async () => {
    await using chat = await startChat()
    const asker = ai.openAsker(targetOf(chat.url))
    onTestFinished(() => asker.close())
    await Promise.all([answered(asker, 'a', () => {}), answered(asker, 'b', () => {})])
    const { requests } = asker.usage?.() ?? {}
    await answered(asker, 'c', () => {})
    expect([requests, asker.usage?.().requests]).toEqual([2, 3])
  })

  test('reads answers over HTTP/2, several of them over one connection', async () => {
    let connections = 0
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/event-stream')
      response.end('data: {}\n\ndata: {}\n\ndata: [DONE]\n\n')
    }).on('session', () => (connections += 1))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`)
    const asker = ai.openAsker({ ...targetOf(url), isHttp2: true })
    let events = 0
    for (const text of ['a', 'b']) await answered(asker, text, () => (events += 1))
    asker.close()
    expect({ events, connections }).toEqual({ events: 4, connections: 1 })
  })

  const fails = (how: 'status' | 'error' | 'cut' | 'no end'): ChatBehaviour => ({ failure: () => how })

  test.each([
    [
      'refuses the key',
      { key: 'other' },
      'status 401 instead of 200: {"error": {"message": "Incorrect API key provided"}}',
    ],
    ['refuses the request', fails('status'), 'status 429 instead of 200: {"error": {"message": "Rate limit reached"}}'],
    ['sends an error as an event', fails('error'), 'the server sent an error: {"error":{"message":"overloaded"}}'],
    ['closes the connection', fails('cut'), 'the server closed the connection'],
    ['ends without [DONE]', fails('no end'), 'the answer ended without [DONE]'],
  ])('fails with a reason if the server %s', async (_how, behaviour, why) => {
    await using chat = await startChat(behaviour)
    await expect(eventsOf(chat.url, 'Hello?')).rejects.toThrow(why)
  })

  test('names the missing member of the payload if the response is no stream', async () => {
    await using chat = await startChat()
    const why = 'is application/json instead of text/event-stream; write "stream": true into the payload'
    await expect(eventsOf(chat.url, '{"model": "small"}')).rejects.toThrow(why)
  })
})

describe('a measurement of answers', () => {
  test('has the times of the first event, between events and of the last event, at least as long as the server waits', async () => {
    await using chat = await startChat({ firstMs: 30, gapMs: 10, tokens: 4 })
    const run = await measureAnswers({
      adapter: ai,
      options: optionsFor(chat.url),
      target: targetOf(chat.url),
      seed: 1,
    })
    expect(run.requests).toBe(12)
    expect(run.failures).toEqual([])
    for (const { firstMs, totalMs, gapsMs, events } of run.answers) {
      // Timers of the server may fire 1 ms early.
      expect(firstMs).toBeGreaterThan(29)
      expect(totalMs).toBeGreaterThan(57)
      expect(gapsMs).toHaveLength(3)
      expect(gapsMs.reduce((sum, ms) => sum + ms, firstMs)).toBeCloseTo(totalMs)
      expect(events).toBe(4)
    }
    expect(run.bytes).toBeGreaterThan(500)
  })

  test('sends requests by the schedule even while earlier answers are under way', async () => {
    await using chat = await startChat({ firstMs: 400, tokens: 1 })
    const run = await measureAnswers({
      adapter: ai,
      options: optionsFor(chat.url),
      target: targetOf(chat.url),
      seed: 1,
    })
    expect(run.answers).toHaveLength(12)
    // One after the other, the answers would take more than 2 s.
    expect(Math.max(...run.answers.map(({ dueS, firstMs }) => dueS * 1000 + firstMs))).toBeLessThan(2000)
  })

  test('counts answers that fail, with the reason', async () => {
    await using chat = await startChat({ failure: (request) => (request % 4 === 3 ? 'status' : null) })
    const run = await measureAnswers({
      adapter: ai,
      options: optionsFor(chat.url),
      target: targetOf(chat.url),
      seed: 1,
    })
    expect(run.answers.length + run.failures.length).toBe(run.requests)
    expect(run.failures.length).toBeGreaterThan(1)
    expect(run.failures[0]).toContain('status 429')
  })
})

describe('an adapter in a file that asks', () => {
  test('needs only a name, its transports and openAsker', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fourwire-ask-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'lines.mjs')
    await writeFile(file, LINES_ADAPTER)
    const adapter = await adapterOf(file)
    if (!isAsking(adapter)) throw new Error('The adapter does not ask.')
    await using chat = await startChat({ tokens: 3 })
    const run = await measureAnswers({ adapter, options: optionsFor(chat.url), target: targetOf(chat.url), seed: 1 })
    expect(run.failures).toEqual([])
    expect(run.answers.every(({ events }) => events >= 1)).toBe(true)
    expect(run.bytes).toBeNull()
  })

  test('is refused with the name of what it lacks', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fourwire-ask-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'none.mjs')
    await writeFile(file, 'export const adapter = { name: "x", transports: ["x"], openAsker: 1 }')
    await expect(adapterOf(file)).rejects.toThrow('its export "adapter" lacks openAsker.')
  })
})

/** Asks with Node's own fetch. Each part of the body counts as an event. */
const LINES_ADAPTER = `export const adapter = {
  name: 'fetch',
  transports: ['fetch'],
  openAsker({ url }) {
    const end = new AbortController()
    const ask = async (text, listener) => {
      const body = JSON.stringify({ stream: true, text })
      const response = await fetch(url, { method: 'POST', body, signal: end.signal })
      for await (const _part of response.body) listener.event()
      listener.done()
    }
    return {
      ask: (text, listener) => ask(text, listener).catch((error) => end.signal.aborted || listener.failed(error.message)),
      close: () => end.abort(),
    }
  },
}
`

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
      expect.stringMatching(/^The threshold ai\.first\.p50<100ms is broken: first\.p50 of ai is \d+\.$/),
      'The threshold ai.failed<=1 is broken: failed of ai is 2.00.',
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
  const workload = workloadOf(optionsFor(new URL('http://localhost/')))
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

/** Resolves with the number of events of one answer. */
async function eventsOf(url: URL, text: string, more: Partial<ComparedServer> = {}): Promise<number> {
  const asker = ai.openAsker({ ...targetOf(url), ...more })
  let events = 0
  await answered(asker, text, () => (events += 1)).finally(() => asker.close())
  return events
}

function targetOf(url: URL): ComparedServer {
  return { transport: 'ai', url, publishUrl: url, run: 'a', intervalMs: 1000, waitS: 25 }
}

/** 12 requests of three clients within 0.4 s. */
function optionsFor(url: URL): Options {
  const workload = ['--clients', '3', '--rate', '30', '--seconds', '0.4', '--warmup', '0']
  const options = readOptions(['--adapter', 'ai', '--url', url.href, ...workload])
  if (!options) throw new Error('There are no options.')
  return options
}
