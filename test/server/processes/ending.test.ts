/** Tests of the end of a server with several workers: by signals, by kills, and by workers that end again and again. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../server/start/ending.ts'
import { printedAddress } from '../../compare/printed-address.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { until } from '../../until.ts'
import { MAIN, childrenOf, startWithWorkers } from './with-workers.ts'

/** Code of the goodbye of a WebSocket. */
const SERVICE_RESTART = 1012

/** Opens WebSockets, which reach all workers. */
async function openSockets(origin: string, count: number): Promise<readonly Promise<number>[]> {
  const sockets = Array.from({ length: count }, () => new WebSocket(`${origin.replace('http', 'ws')}/feed/lobby/ws`))
  const closed = sockets.map(async (socket) => ((await once(socket, 'close'))[0] as CloseEvent).code)
  await Promise.all(sockets.map((socket) => once(socket, 'message')))
  return closed
}

describe.skipIf(!HAS_REDIS)('a server with several workers', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends on %s with code 0 within 2 s, after each worker has said goodbye to its clients',
    async (signal) => {
      await using server = await startWithWorkers(2)
      const workers = server.workers()
      const closed = await openSockets(server.origin, 4)
      const began = performance.now()
      expect(await server.end(signal)).toBe(0)
      expect(performance.now() - began).toBeLessThan(2000)
      expect(await Promise.all(closed)).toEqual(closed.map(() => SERVICE_RESTART))
      expect(workers.some(isAlive)).toBe(false)
    },
  )

  test('ends with code 0 if a terminal or a service manager sends the signal to all of its processes', async () => {
    await using redis = await testRedis()
    const flags = ['--redis', redis.url, '--workers', '2', '--port', '0', '--log', 'error']
    const child = spawn(process.execPath, [MAIN, ...flags], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const errors = text(child.stderr)
    const closed = await openSockets((await printedAddress(child)) ?? '', 4)
    const workers = childrenOf(child.pid)
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await Promise.all(closed)).toEqual(closed.map(() => SERVICE_RESTART))
    expect([workers.some(isAlive), await errors]).toEqual([false, ''])
  })

  test('leaves no worker behind if its primary process is killed, and the workers say goodbye to their clients', async () => {
    await using server = await startWithWorkers(2)
    const workers = server.workers()
    expect(workers).toHaveLength(2)
    const closed = await openSockets(server.origin, 4)
    await server.end('SIGKILL')
    expect(await Promise.all(closed)).toEqual(closed.map(() => SERVICE_RESTART))
    await until('no worker is left', () => !workers.some(isAlive))
  })

  test('leaves no worker behind if its launcher is killed', async () => {
    await using redis = await testRedis()
    const launcher = join(import.meta.dirname, '../../../server/launch.js')
    const flags = ['--redis', redis.url, '--workers', '2', '--port', '0', '--log', 'error']
    const child = spawn(process.execPath, [launcher, MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
    await printedAddress(child)
    const [primary = 0] = childrenOf(child.pid)
    const all = [primary, ...childrenOf(primary)]
    expect(all).toHaveLength(3)
    child.kill('SIGKILL')
    await until('no process is left', () => !all.some(isAlive))
  })

  test('ends at once on a second signal, also if a worker hangs', async () => {
    await using server = await startWithWorkers(2)
    const workers = server.workers()
    const [hanging = 0, other = 0] = workers
    process.kill(hanging, 'SIGSTOP')
    const ended = once(server.process, 'exit')
    server.process.kill('SIGTERM')
    await until('the other worker has ended', () => !isAlive(other))
    // Signals within half a second count as one.
    const again = setInterval(() => server.process.kill('SIGTERM'), 100)
    const [code] = await ended
    clearInterval(again)
    expect(code).toBe(1)
    await until('no worker is left', () => !workers.some(isAlive))
  })

  test('kills a worker that hangs some seconds after a signal, and ends with code 0', async () => {
    await using server = await startWithWorkers(2)
    const workers = server.workers()
    process.kill(workers[0] ?? 0, 'SIGSTOP')
    expect(await server.end('SIGTERM')).toBe(0)
    await until('no worker is left', () => !workers.some(isAlive))
  })

  test('gives up with the reason if its workers end again and again, after a limited number of attempts', async () => {
    await using redis = await testRedis()
    const flags = ['--redis', redis.url, '--workers', '2', '--port', '0', '--log', 'error']
    const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const errors = text(child.stderr)
    await printedAddress(child)
    const killed = new Set<number>()
    const killing = setInterval(() => {
      for (const pid of childrenOf(child.pid)) {
        killed.add(pid)
        // A worker may have ended in the meantime.
        if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      }
    }, 20)
    const [code] = await once(child, 'exit')
    clearInterval(killing)
    expect([code, await errors]).toEqual([1, expect.stringMatching(/end again and again.*ended by SIGKILL\.$/m)])
    expect(killed.size).toBeLessThan(15)
  })
})
