/** Tests of several servers on one Redis. Each server is a process of its own. */
import { describe, expect, test } from 'vitest'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { balance } from '../balancer.ts'
import { connect, isUp } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'

const NAMES = Object.keys(transports) as TransportName[]

const numbers = (count: number, from = 1): string[] => Array.from({ length: count }, (_, i) => String(from + i))

const serverOn = (url: string) => spawnServer('--redis', url, '--data', ':memory:', '--limits', 'off')

async function publish(origin: string, text: string): Promise<void> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  if (response.status !== 201) throw new Error(await response.text())
  await response.arrayBuffer()
}

describe.skipIf(!HAS_REDIS)('two processes on one Redis', () => {
  test('every transport reads from one process what the other one publishes, once and in order', async () => {
    await using redis = await testRedis()
    await using writer = await serverOn(redis.url)
    await using reader = await serverOn(redis.url)
    for (const text of numbers(100)) await publish(writer.origin, text)
    const clients = NAMES.map((name) => connect(name, reader.origin))
    try {
      for (const text of numbers(100, 101)) await publish(writer.origin, text)
      await until('every client has 200 events', () => clients.every(({ events }) => events.length >= 200))
      for (const client of clients) expect([client.texts(), client.gaps]).toEqual([numbers(200), []])
    } finally {
      for (const client of clients) client.stop()
    }
  })

  test('clients that hop between the processes miss nothing, while both processes publish', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    await using balancer = await balance(one.port, other.port)
    const clients = NAMES.map((name) => connect(name, balancer.origin))
    try {
      await until('every client is connected', () => clients.every(isUp))
      for (let round = 0; round < 10; round++) {
        await Promise.all([publish(one.origin, 'x'), publish(other.origin, 'y'), publish(one.origin, 'z')])
        balancer.cut()
      }
      await until('every client has 30 events', () => clients.every(({ events }) => events.length >= 30), 20_000)
      const [first] = clients
      expect(first?.events.map(({ id }) => Number(id.split('.')[1]))).toEqual(numbers(30).map(Number))
      for (const client of clients) expect([client.events, client.gaps]).toEqual([first?.events, []])
    } finally {
      for (const client of clients) client.stop()
    }
  })

  test('two people change one board through two processes at once, and no change is lost', async () => {
    await using redis = await testRedis()
    await using one = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    const change = async (origin: string, type: string, fields: object): Promise<number> => {
      const response = await fetch(`${origin}/boards/plan`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'Ada', type, ...fields }),
      })
      await response.arrayBuffer()
      return response.status
    }
    expect(await change(one.origin, 'list_created', { list: { id: 'new', title: 'New' } })).toBe(201)
    const changes = numbers(40).map((id, i) =>
      change(i % 2 === 0 ? one.origin : other.origin, 'task_created', { task: { id, title: id, list: 'new' } }),
    )
    expect(await Promise.all(changes)).toEqual(changes.map(() => 201))
    const boards = await Promise.all(
      [one, other].map(async ({ origin }) => (await fetch(`${origin}/boards/plan`)).json()),
    )
    expect(
      boards[0].board.tasks.map(({ id }: { id: string }) => Number(id)).toSorted((a: number, b: number) => a - b),
    ).toEqual(numbers(40).map(Number))
    expect(boards[1]).toEqual(boards[0])
  })
})
