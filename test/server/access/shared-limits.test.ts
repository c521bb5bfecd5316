/** Tests of limits that several processes share through a real Redis. */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { COUNT_STEP, USED_MS } from '../../../server/access/shared-limits.ts'
import type { Limits } from '../../../server/access/limits.ts'
import { connect } from '../../conformance/client.ts'
import { HAS_REDIS } from '../../redis.ts'
import { redisPair } from '../../redis-pair.ts'
import type { PairServer } from '../../redis-pair.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

type Origin = Pick<PairServer, 'origin'>

/** Limits of rates that never refuse. Each test sets the one that it tests. */
const OPEN: Partial<Limits> = {
  messagesPerSecondPerAddress: Infinity,
  messagesPerSecondPerClient: Infinity,
  messagesPerSecondPerConnection: Infinity,
  costPerSecondPerAddress: Infinity,
  costPerSecondPerClient: Infinity,
  costPerSecondPerConnection: Infinity,
  newRoomsPerMinutePerAddress: Infinity,
  newRoomsPerMinutePerClient: Infinity,
}

/** Number of messages that a flood sends at the same time. */
const AT_ONCE = 4

const publish = async ({ origin }: Origin, { page = '', room = 'lobby' } = {}): Promise<number> => {
  const lane = page === '' ? '' : `?lane=${page}.1`
  const response = await fetch(`${origin}/feed/${room}${lane}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text: 'x' }),
  })
  await response.arrayBuffer()
  return response.status
}

/** Publishes to the servers in turn, several messages at a time. Returns how many messages they accepted. */
async function flood(servers: readonly Origin[], forMs: number, page: string): Promise<number> {
  let accepted = 0
  const endMs = performance.now() + forMs
  const floodAll = async (): Promise<void> => {
    for (let i = 0; performance.now() < endMs; i++) {
      const server = servers[i % servers.length]
      if (server && (await publish(server, { page })) === 201) accepted += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, floodAll))
  return accepted
}

/** Opens WebSockets of one page, each at the next server. Returns the ones that were accepted. */
async function openSockets(servers: readonly Origin[], count: number, page: string): Promise<WebSocket[]> {
  const opened: WebSocket[] = []
  for (let i = 0; i < count; i++) {
    const { origin } = servers[i % servers.length] ?? { origin: '' }
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed/lobby/ws?lane=${page}.1`)
    const [data] = await Promise.race([once(socket, 'message'), once(socket, 'close')])
    if (String(data).includes('connected')) opened.push(socket)
  }
  return opened
}

describe.skipIf(!HAS_REDIS)('limits of two processes', { concurrent: true }, () => {
  test('a client that floods two processes in turn gets the rate of one process and the stated overshoot', async () => {
    const perSecond = 12
    const limits = { ...OPEN, messagesPerSecondPerClient: perSecond }
    await using pair = await redisPair({ limits })
    await using alone = await serve({ limits })
    const forMs = 3000
    const ofOne = await flood([alone], forMs, 'alone')
    const accepted = await flood([pair.one, pair.other], forMs, 'hopping')
    const overshoot = (perSecond * USED_MS) / 1000 + 2 * AT_ONCE
    // The burst of 2 s, and 3 s of the rate: without sharing, two processes would accept twice as many.
    expect(ofOne).toBeGreaterThan(perSecond * 2)
    expect(accepted).toBeGreaterThan(perSecond * 2)
    expect(accepted).toBeLessThanOrEqual(ofOne + overshoot)
  })

  test('an address that floods two processes without a page gets the rate of one process and the overshoot', async () => {
    const perSecond = 12
    const limits = { ...OPEN, messagesPerSecondPerAddress: perSecond, messagesPerSecondPerConnection: 0.001 }
    await using pair = await redisPair({ limits })
    const accepted = await flood([pair.one, pair.other], 3000, '')
    expect(accepted).toBeGreaterThan(perSecond * 2)
    expect(accepted).toBeLessThanOrEqual(perSecond * (2 + 3) + (perSecond * USED_MS) / 1000 + 2 * AT_ONCE)
  })

  test('two hundred people behind one address at two processes are not refused', async () => {
    await using pair = await redisPair({ limits: {} })
    const servers = [pair.one, pair.other]
    const statuses: number[] = []
    for (let round = 0; round < 2; round++)
      await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const server = servers[(i + round) % 2]
          if (server) statuses.push(await publish(server, { page: `p${i}` }))
        }),
      )
    expect(statuses.filter((status) => status !== 201)).toEqual([])
    expect(statuses).toHaveLength(400)
  })

  test('new rooms of one client count at both processes', async () => {
    const limits = { ...OPEN, newRoomsPerMinutePerClient: 6 }
    await using pair = await redisPair({ limits })
    const statuses: number[] = []
    for (let i = 0; i < 16; i++) {
      statuses.push(await publish(i % 2 === 0 ? pair.one : pair.other, { page: 'p', room: `room-${i}` }))
      if (i === 9)
        await until('the last message has arrived', async () => (await pair.other.peers.ask('none', 0)) && true)
    }
    const accepted = statuses.filter((status) => status === 201).length
    expect(accepted).toBeGreaterThanOrEqual(6)
    expect(accepted).toBeLessThanOrEqual(8)
  })

  test('held streams of one client count at both processes, and those of an ended process no longer', async () => {
    const most = 16
    await using pair = await redisPair({ limits: { ...OPEN, heldPerClient: most } })
    const opened = await openSockets([pair.one, pair.other], 2 * most, 'p')
    expect(opened.length).toBeGreaterThanOrEqual(most)
    expect(opened.length).toBeLessThanOrEqual(most + most * COUNT_STEP)
    await pair.other.close()
    await until('the places are free', async () => {
      const more = await openSockets([pair.one], 1, 'p')
      opened.push(...more)
      return more.length === 1
    })
    for (const socket of opened) socket.terminate()
    await pair.one.close()
  })

  test('places that a client frees at one process are free at the other one', async () => {
    await using pair = await redisPair({ limits: { ...OPEN, heldPerAddress: 8 } })
    const opened = await openSockets([pair.one], 8, 'p')
    expect(opened).toHaveLength(8)
    await until('the other process refuses', async () => (await openSockets([pair.other], 1, 'q')).length === 0)
    for (const socket of opened) socket.terminate()
    const later = await until('the other process accepts', async () => (await openSockets([pair.other], 1, 'q'))[0])
    later.terminate()
  })

  test('connections of one address count at both processes until they end or their process is killed', async () => {
    await using pair = await redisPair({ limits: { ...OPEN, connectionsPerAddress: 8 } })
    using all = new DisposableStack()
    const open = new Map<PairServer, Socket[]>([
      [pair.one, []],
      [pair.other, []],
    ])
    /** Opens a connection that is never idle, because its request is held. Returns true if the server accepts it. */
    const isAccepted = async (server: PairServer): Promise<boolean> => {
      const socket = all.adopt(connectTcp(server.port, '127.0.0.1'), (one) => one.destroy())
      socket.on('error', () => {})
      socket.write('GET /feed/lobby/sse HTTP/1.1\r\nhost: localhost\r\n\r\n')
      const isOpen = await Promise.race([once(socket, 'data'), once(socket, 'close')]).then(() => !socket.destroyed)
      if (isOpen) open.get(server)?.push(socket)
      return isOpen
    }
    const accepted = (): number => [...open.values()].flat().length
    for (let i = 0; i < 16; i++) await isAccepted(i % 2 === 0 ? pair.one : pair.other)
    expect(accepted()).toBeGreaterThanOrEqual(8)
    expect(accepted()).toBeLessThanOrEqual(9)
    for (const socket of open.get(pair.one) ?? []) socket.destroy()
    await until('the places at one process are free at the other one', () => isAccepted(pair.other))
    while (await isAccepted(pair.other));
    await until('the other process has told its connections', async () => !(await isAccepted(pair.one)))
    await pair.other.kill()
    await until('the places of the killed process are free', () => isAccepted(pair.one))
  })

  test('while Redis does not reply, each process limits alone, and no refusal waits for Redis', async () => {
    const most = 4
    await using pair = await redisPair({ limits: { ...OPEN, heldPerClient: most } })
    await publish(pair.one)
    using readers = new DisposableStack()
    for (const { origin } of [pair.one, pair.other]) {
      const reader = readers.use(connect('sse', origin))
      await until('the reader has the event', () => reader.events.length === 1)
    }
    const [{ id = '0' } = {}] = (await (await fetch(`${pair.one.origin}/feed/lobby/poll?after=0`)).json()).events
    pair.redis.signal('SIGSTOP')
    const startMs = performance.now()
    const polls = [pair.one, pair.other].flatMap(({ origin }) =>
      Array.from({ length: 2 * most }, () => fetch(`${origin}/feed/lobby/long-poll?after=${id}&wait=1&lane=p.1`)),
    )
    const refused = await Promise.all(
      polls.map(async (poll) => {
        const { status } = await poll
        return status === 429 ? performance.now() - startMs : null
      }),
    )
    pair.redis.signal('SIGCONT')
    const timesMs = refused.filter((ms) => ms !== null)
    expect(timesMs).toHaveLength(2 * most)
    expect(Math.max(...timesMs)).toBeLessThan(900)
  })
})
