/** Clients that are slow without being stalled, which the server keeps for any time. */
import { expect, test } from 'vitest'
import { get, raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const TEXT = 'x'.repeat(4000)
const MESSAGES = 2000

test('the server does not drop a client that reads slowly but steadily, no matter how long this takes', async () => {
  await using server = await serve({ times: { stalledMs: 800 }, limits: false })
  const ask = { method: 'POST', url: '/feed/lobby', headers: { host: 'localhost' } } as const
  for (let i = 0; i < MESSAGES; i++) await server.app.inject({ ...ask, payload: { user: 'Ada', text: TEXT } })
  await using client = raw(server.port, get('/feed/lobby/sse?after=0'), false)
  const beganAtMs = performance.now()
  // The client reads one piece of 64 KiB at a time.
  client.socket.on('data', () => client.socket.pause())
  const reading = setInterval(() => client.socket.resume(), 15)
  const last = `.${MESSAGES}","room":"lobby"`
  await until(
    'the client has received the last message',
    () =>
      client
        .text()
        .slice(-2 * TEXT.length)
        .includes(last),
    60_000,
  )
  clearInterval(reading)
  expect(performance.now() - beganAtMs).toBeGreaterThan(1600)
})
