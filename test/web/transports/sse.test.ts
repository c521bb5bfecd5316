import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connect, isUp } from '../../conformance/client.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const HEARTBEAT_MS = 15_000

// Bytes still travel, because neither Node's sockets nor its fetch use these timers.
beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => vi.useRealTimers())

test('heartbeats keep a quiet event stream open, and the client gives the stream up after two missed heartbeats', async () => {
  await using server = await serve()
  const client = connect('sse', server.origin)
  let beats = 0
  const witness = new EventSource(`${server.origin}/feed/lobby/sse`)
  witness.addEventListener('heartbeat', () => (beats += 1))
  await until('the client and the witness are connected', () => isUp(client) && witness.readyState === witness.OPEN)
  for (let i = 1; i <= 4; i++) {
    vi.advanceTimersByTime(HEARTBEAT_MS)
    await until('the next heartbeat has arrived', () => beats === i)
    await fetch(`${server.origin}/health`)
  }
  const states = () => client.states.map(({ is }) => is)
  expect(states()).toEqual(['connecting', 'open'])

  await fetch(`${server.origin}/lab/cut`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"how":"black hole"}',
  })
  vi.advanceTimersByTime(2 * HEARTBEAT_MS - 1)
  expect(states()).toEqual(['connecting', 'open'])
  vi.advanceTimersByTime(1)
  expect(client.states.at(-1)).toMatchObject({ is: 'reconnecting', trouble: 'no byte came, not even a heartbeat' })
  await server.publish('1')
  vi.advanceTimersByTime(HEARTBEAT_MS)
  await until('the client has reconnected and has the event', () => client.texts().join('') === '1')
  client.stop()
  witness.close()
})

test('an event and the opening of the stream count as signs of life, like a heartbeat', async () => {
  const streams: ServerResponse[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.push(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect('sse', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await until('the client is connected', () => isUp(client))
  const event = { id: 'a.1', room: 'lobby', type: 'message', at: 0, user: 'Ada', text: '1' }
  vi.advanceTimersByTime(2 * HEARTBEAT_MS - 1)
  streams[0]?.write(`id: a.1\ndata: ${JSON.stringify(event)}\n\n`)
  await until('the event has arrived', () => client.texts().length === 1)
  vi.advanceTimersByTime(2 * HEARTBEAT_MS - 1)
  expect(client.states.map(({ is }) => is)).toEqual(['connecting', 'open'])
  vi.advanceTimersByTime(1)
  expect(client.states.at(-1)?.is).toBe('reconnecting')
  vi.advanceTimersByTime(HEARTBEAT_MS)
  await until('the stream is open again', () => client.states.at(-1)?.is === 'open')
  vi.advanceTimersByTime(2 * HEARTBEAT_MS)
  expect(client.states.at(-1)?.is).toBe('reconnecting')
  client.stop()
  server.close()
  server.closeAllConnections()
})
