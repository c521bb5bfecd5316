/** People and limits of a process that is killed, with two processes on one Redis. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { LIMITS } from '../../server/access/limits.ts'
import type { RoomPresence } from '../../server/protocol/feed.ts'
import { balance } from '../balancer.ts'
import { connect } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { spawnServer } from '../spawn.ts'
import type { Spawned } from '../spawn.ts'
import { until } from '../until.ts'

const serverOn = (url: string) => spawnServer('--redis', url, '--data', ':memory:')

/** Time in which a process notices that another one was killed, and more. */
const NOTICED_MS = 15_000

async function listAt({ origin }: Spawned): Promise<string> {
  const { here }: RoomPresence = await (await fetch(`${origin}/feed/lobby/presence`)).json()
  return here
    .map(({ userId, tabs }) => `${userId} ${tabs}`)
    .toSorted()
    .join()
}

/** Opens a WebSocket of the same page. Returns null if the server refuses it. */
async function openSocket({ origin }: Spawned): Promise<WebSocket | null> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed/limits/ws?lane=page.1`)
  const [first] = await Promise.race([once(socket, 'message'), once(socket, 'close')])
  return String(first).includes('connected') ? socket : null
}

describe.skipIf(!HAS_REDIS)('a process is killed', () => {
  test('its people stay until they come back or say goodbye, and its places are free after some seconds', async () => {
    await using redis = await testRedis()
    await using killed = await serverOn(redis.url)
    await using other = await serverOn(redis.url)
    await using balancer = await balance(killed.port, other.port)
    using hopper = connect('sse', balancer.origin, { person: { userId: 'ada', name: 'Ada', client: 'a' } })
    using ben = connect('ws', killed.origin, { person: { userId: 'ben', name: 'Ben', client: 'b' } })
    using watcher = connect('ws', other.origin, { person: { userId: 'cleo', name: 'Cleo', client: 'c' } })
    for (const server of [killed, other])
      await until('both processes list all', async () => (await listAt(server)) === 'ada 1,ben 1,cleo 1')
    const sockets: WebSocket[] = []
    for (let i = 0; i < LIMITS.heldPerClient; i++) {
      const socket = await openSocket(killed)
      if (socket) sockets.push(socket)
    }
    expect(sockets).toHaveLength(LIMITS.heldPerClient)
    await until('the other process refuses the page', async () => (await openSocket(other)) === null)

    for (const socket of sockets) socket.on('error', () => {})
    killed.process.kill('SIGKILL')
    ben.stop()
    const free = await until('the places are free', () => openSocket(other), NOTICED_MS)
    free.terminate()
    expect(await listAt(other)).toBe('ada 1,ben 1,cleo 1')
    await fetch(`${other.origin}/feed/lobby/leave`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'ben', client: 'b' }),
    })
    await until('ben has left', async () => (await listAt(other)) === 'ada 1,cleo 1')
    await until('ada has the list', () => hopper.here()?.toSorted().join() === 'Ada 1,Cleo 1')
    const seen = watcher.presences.filter(({ people }) => people > 2).length
    expect(seen).toBeGreaterThan(0)
    for (const { here } of watcher.presences.slice(-2)) expect(here.map(({ userId }) => userId)).toContain('ada')
  })
})
