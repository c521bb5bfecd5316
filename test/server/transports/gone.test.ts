/** Clients that disconnect at the worst moment: while the server looks up their cursor. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { Log } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { get, raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { routesOf } from './routes.ts'

/** Log that returns no result before `release`, and counts its reads. */
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

test.each([...routesOf('poll'), ...routesOf('stream')])(
  'a client of %s that disconnects before its response leaves no timer on the server',
  async (path) => {
    const { log, release, asked } = slowLog()
    await using server = await serve({ log })
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET ${path}?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await until('the server has started to read the log', () => asked() > 0)
    socket.destroy()
    await once(socket, 'close')
    await until('the server has no connection', async () => (await server.connections()) === 0)
    for (let i = 0; i < 3; i++) await health(server.port)
    release()
    // Other requests are served first, so that a timer would have been started by now.
    for (let i = 0; i < 3; i++) await health(server.port)
    expect(timers()).toBeLessThanOrEqual(before)
  },
)

test.each([
  ['/feed/lobby/sse', 'retry:', /retry: \d+\n\n/g],
  ['/feed/lobby/stream', 'connected', /\r\n0\r\n\r\n/g],
])('on a slow line, the stream %s ends once, and nothing is written after its end', async (path, welcome, goodbye) => {
  await using server = await serve({ conditions: { latencyMs: 150 }, times: { heartbeatMs: 20 } })
  const trouble = vi.spyOn(server.app.log, 'error')
  await using client = raw(server.port, get(path))
  await until('the stream is open', () => client.text().includes(welcome))
  // Each call ends the open responses, and the end is under way for the latency of the line.
  for (const latencyMs of [100, 50, 0]) {
    const changed = { method: 'PUT', url: '/lab/settings', headers: { host: 'localhost' } } as const
    await server.app.inject({ ...changed, payload: { conditions: { latencyMs } } })
    await server.publish('behind the end')
  }
  const text = await client.closed()
  expect(text.match(goodbye)).toHaveLength(1)
  expect(text).not.toContain('behind')
  expect(trouble).not.toHaveBeenCalled()
})

async function health(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
}
