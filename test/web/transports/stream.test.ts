import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { connect, isUp } from '../../conformance/client.ts'
import { until } from '../../until.ts'

const SILENCE_MS = 30_000

afterEach(() => vi.useRealTimers())

const useFakeTimers = () =>
  // Bytes still travel, because neither Node's sockets nor its fetch use these timers.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const eventOf = (seq: number, text: string) => ({
  id: `a.${seq}`,
  room: 'lobby',
  type: 'message',
  at: 0,
  user: 'Ada',
  text,
})

test('the client joins a line that is split over chunks at any byte, even inside a character', async () => {
  const sent = [eventOf(1, 'zw\u00f6lf \u{1F600}'), eventOf(2, '2')]
  const bytes = Buffer.from(sent.map((event) => `${JSON.stringify(event)}\n`).join(''))
  const origin = await listen(async (_request, response) => {
    for (const byte of bytes) {
      await new Promise<void>((written) => response.write(Buffer.of(byte), () => written()))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  using client = connect('stream', origin)
  await until('both events have arrived', () => client.events.length === 2)
  expect(client.events).toEqual(sent)
})

test('the client gives a silent stream up after two missed heartbeats, and resumes after the last event', async () => {
  useFakeTimers()
  const asked: string[] = []
  const origin = await listen(({ url = '' }, response) => {
    asked.push(url)
    response.write(asked.length === 1 ? `${JSON.stringify(eventOf(7, '1'))}\n` : '{"type":"heartbeat"}\n')
  })
  const client = connect('stream', origin)
  await until('the event has arrived', () => client.events.length === 1)
  vi.advanceTimersByTime(SILENCE_MS - 1)
  expect(client.states.map(({ is }) => is)).toEqual(['connecting', 'open'])
  vi.advanceTimersByTime(1)
  await until('the client waits to reconnect', () => client.states.at(-1)?.is === 'reconnecting')
  expect(client.states.at(-1)).toMatchObject({ trouble: 'no byte came, not even a heartbeat' })
  await vi.advanceTimersByTimeAsync(15_000)
  await until('the stream is open again', () => client.states.at(-1)?.is === 'open')
  expect(asked.map((url) => new URLSearchParams(url.split('?')[1]).get('after'))).toEqual(['0', 'a.7'])
  client.stop()
})

test('the client also gives a request up if the server never begins the response', async () => {
  useFakeTimers()
  let isAsked = false
  const origin = await listen(() => (isAsked = true))
  using client = connect('stream', origin)
  await until('the server has the request', () => isAsked)
  vi.advanceTimersByTime(SILENCE_MS)
  await until('the client waits to reconnect', () => client.states.at(-1)?.is === 'reconnecting')
  expect(client.states.at(-1)).toMatchObject({ trouble: 'no byte came, not even a heartbeat' })
})

test('after a refusal the client reports the status and the sentence, and waits as long as Retry-After asks', async () => {
  const origin = await listen((_request, response) => {
    response.writeHead(503, { 'retry-after': '60' }).end('{"detail":"Full.","remedy":"Come later."}')
  })
  using client = connect('stream', origin)
  const state = await until('the client waits to reconnect', () =>
    client.states.find(({ is }) => is === 'reconnecting'),
  )
  expect(state).toMatchObject({ status: 503, trouble: 'Full. Come later.' })
  if (state.is === 'reconnecting') expect(state.untilMs - state.atMs).toBeGreaterThanOrEqual(60_000)
})

test('if a line is not JSON, the client ends the stream and closes the connection', async () => {
  let isClosed = false
  const origin = await listen((_request, response) => {
    response.once('close', () => (isClosed = true))
    response.write('<p>Welcome to the hotel\n')
  })
  using client = connect('stream', origin)
  const state = await until('the client waits to reconnect', () =>
    client.states.find(({ is }) => is === 'reconnecting'),
  )
  expect(state).toMatchObject({ trouble: 'the stream contained a line that is not JSON' })
  await until('the connection is closed', () => isClosed)
})

test('the client reports a different sentence for each way in which an open stream can end', async () => {
  const ends = { ends: false }
  const origin = await listen((_request, response) => {
    response.write('{"type":"heartbeat"}\n', () => (ends.ends ? response.end() : response.destroy()))
  })
  for (const [isEnd, trouble] of [
    [false, 'the stream was cut'],
    [true, 'the stream ended'],
  ] as const) {
    ends.ends = isEnd
    using client = connect('stream', origin)
    await until('the stream is open', () => isUp(client))
    const state = await until('the client waits to reconnect', () =>
      client.states.find(({ is }) => is === 'reconnecting'),
    )
    expect(state).toMatchObject({ trouble })
  }
})
