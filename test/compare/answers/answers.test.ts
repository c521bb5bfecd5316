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
import { startChat } from '../../chat-server.ts'
import type { ChatBehaviour } from '../../chat-server.ts'
import { answered, measureAnswers } from './measure.ts'

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
    await expect(adapterOf(file)).rejects.toThrow(
      'its export "adapter" lacks openAsker. See test/compare/answers/asking.ts',
    )
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
