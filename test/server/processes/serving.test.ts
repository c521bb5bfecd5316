/** Tests of clients that several workers serve, while workers are killed and replaced. */
import { describe, expect, test } from 'vitest'
import type { FeedClient } from '../../conformance/client.ts'
import { isAlive } from '../../../server/start/ending.ts'
import { HAS_REDIS } from '../../redis.ts'
import { until } from '../../until.ts'
import { connectClients, fresh, startPublishing, startWithWorkers } from './with-workers.ts'

/** Expects that each client has every text once and in order. */
async function expectAll(clients: readonly FeedClient[], texts: readonly string[]): Promise<void> {
  await until('every client has all events', () => clients.every(({ events }) => events.length >= texts.length), 20_000)
  for (const client of clients) expect([client.texts(), client.gaps]).toEqual([texts, []])
}

/** Returns the numbers of the workers that respond to eight requests. */
async function servingWorkers(origin: string): Promise<Set<number>> {
  const healths = await Promise.all(Array.from({ length: 8 }, () => fresh(origin, '/health')))
  return new Set(healths.map((health) => JSON.parse(health).worker))
}

/** Returns the number of workers that have delivered events, by transport. */
async function deliveringWorkers(origin: string, workers: number): Promise<Record<string, number>> {
  const pages = await Promise.all(Array.from({ length: 4 * workers }, () => fresh(origin, '/metrics')))
  const found: Record<string, Set<string>> = {}
  const series = /^fourwire_deliveries_total\{(?=.*\btransport="([\w-]+)")(?=.*\bworker="(\d)").*\} [1-9]/gm
  for (const [, transport = '', worker = ''] of pages.join('\n').matchAll(series))
    (found[transport] ??= new Set()).add(worker)
  return Object.fromEntries(Object.entries(found).map(([transport, { size }]) => [transport, size]))
}

describe.skipIf(!HAS_REDIS)('a server with several workers', () => {
  test('serves the clients of every transport from all workers, through one port', async () => {
    await using server = await startWithWorkers(3)
    const clients = await connectClients(server.origin, 4)
    const publishing = startPublishing(server.origin)
    await until(
      'two workers or more have delivered events over each of the five transports',
      async () => {
        const counts = Object.values(await deliveringWorkers(server.origin, 3))
        return counts.length === 5 && counts.every((count) => count > 1)
      },
      20_000,
    )
    await expectAll(clients, await publishing.end())
    expect(await servingWorkers(server.origin)).toEqual(new Set([1, 2, 3]))
  })

  test(
    'replaces a killed worker at once, and no client loses an event or gets it twice',
    { timeout: 90_000 },
    async () => {
      await using server = await startWithWorkers(2)
      const clients = await connectClients(server.origin, 3)
      const publishing = startPublishing(server.origin)
      for (let kills = 0; kills < 3; kills++) {
        const [victim = 0] = server.workers()
        process.kill(victim, 'SIGKILL')
        await until('the worker has ended', () => !isAlive(victim))
        // Without the wait, the next kill could hit the only worker that listens.
        await until('two workers serve', async () => (await servingWorkers(server.origin)).size === 2, 20_000)
        const seen = clients[0]?.events.length ?? 0
        await until('events arrive', () => (clients[0]?.events.length ?? 0) > seen + 20, 20_000)
      }
      await expectAll(clients, await publishing.end())
    },
  )

  test('lets no client wait for a response of a worker that hung and was killed', async () => {
    await using server = await startWithWorkers(2)
    const [hanging = 0] = server.workers()
    process.kill(hanging, 'SIGSTOP')
    const results: string[] = []
    for (let i = 0; i < 6; i++)
      void fresh(server.origin, '/health').then(
        () => results.push('answered'),
        () => results.push('closed'),
      )
    await until('all but one have an answer of the other worker', () => results.length >= 5)
    expect(results).toEqual(Array.from({ length: 5 }, () => 'answered'))
    process.kill(hanging, 'SIGKILL')
    await until('the last connection is closed', () => results.at(-1) === 'closed')
    expect(await server.end('SIGTERM')).toBe(0)
  })

  test('replaces all workers on SIGUSR2, one after the other, and no client loses an event or gets it twice', async () => {
    await using server = await startWithWorkers(2)
    const clients = await connectClients(server.origin, 3)
    const first = server.workers()
    let most = 0
    const publishing = startPublishing(server.origin)
    server.process.kill('SIGUSR2')
    await until(
      'both workers are replaced',
      () => {
        const workers = server.workers()
        most = Math.max(most, workers.length)
        return workers.length === 2 && !workers.some((pid) => first.includes(pid))
      },
      20_000,
    )
    await expectAll(clients, await publishing.end())
    // Only one worker at a time has a successor that already runs.
    expect(most).toBe(3)
  })

  test('lets a person who has signed in at one worker publish at every worker', async () => {
    const password = 'the password of the class'
    await using server = await startWithWorkers(2, '--auth', '--password', password)
    const post = (path: string, body: object, token = ''): Promise<Response> =>
      fetch(`${server.origin}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      })
    const signIn = async (user: string): Promise<string> =>
      (await (await post('/session', { user, password, as: 'token' })).json()).token
    const tokens = await Promise.all(['Ada', 'Ben', 'Cem', 'Dag'].map(signIn))
    const statuses = await Promise.all(
      tokens.flatMap((token, i) =>
        ['1', '2', '3', '4'].map(async (text) => {
          const response = await post('/feed/lobby', { user: ['Ada', 'Ben', 'Cem', 'Dag'][i], text }, token)
          await response.arrayBuffer()
          return response.status
        }),
      ),
    )
    expect(statuses).toEqual(statuses.map(() => 201))
  })
})
