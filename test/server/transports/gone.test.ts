/** Clients that leave at the worst moment: while their cursor is being looked up. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { Log } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { get, raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

/** A log that answers nothing until it is let go on, and counts how often it is listened to. */
function slowLog() {
  const log = memoryLog()
  let release = () => {}
  let asked = 0
  const open = new Promise<void>((resolve) => (release = resolve))
  const slow: Log = {
    ...log,
    async extent(room) {
      asked += 1
      await open
      return log.extent(room)
    },
  }
  return { log: slow, release, asked: () => asked }
}

test.each(['long-poll', 'sse', 'poll'])(
  'a client of %s that leaves before it is answered leaves nothing behind',
  async (path) => {
    const { log, release, asked } = slowLog()
    await using server = await serve({ log })
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET /feed/lobby/${path}?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await until('the log is asked', () => asked() > 0)
    socket.destroy()
    await once(socket, 'close')
    await until('the server has noticed', async () => (await server.connections()) === 0)
    for (let i = 0; i < 3; i++) await health(server.port)
    release()
    // Somebody else is served meanwhile, so that whatever would have been begun has been.
    for (let i = 0; i < 3; i++) await health(server.port)
    expect(timers()).toBeLessThanOrEqual(before)
  },
)

test('a stream on a slow line is told goodbye once, and nothing is written behind its end', async () => {
  await using server = await serve({ conditions: { latencyMs: 150 }, times: { heartbeatMs: 20 } })
  const trouble = vi.spyOn(server.app.log, 'error')
  await using client = raw(server.port, get('/feed/lobby/sse'))
  await until('the stream is open', () => client.text().includes('retry:'))
  // Each ends what is open, and the end is under way for as long as the line is.
  for (const latencyMs of [100, 50, 0]) {
    const changed = { method: 'PUT', url: '/lab/settings', headers: { host: 'localhost' } } as const
    await server.app.inject({ ...changed, payload: { conditions: { latencyMs } } })
    await server.publish('behind the end')
  }
  const told = await client.closed()
  expect(told.match(/retry: \d+\n\n/g)).toHaveLength(1)
  expect(told).not.toContain('behind')
  expect(trouble).not.toHaveBeenCalled()
})

async function health(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
}
