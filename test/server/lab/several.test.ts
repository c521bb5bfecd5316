/** Tests of the lab of two servers that share a real Redis. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import type { Lanes, WireBytes } from '../../../server/protocol/wire.ts'
import { redisLog } from '../../../server/redis/redis-log.ts'
import { HAS_REDIS, testRedis } from '../../redis.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

const PAGE = '0123abcd'

async function enter(origin: string, room = 'lobby', page = PAGE) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=${room}&page=${page}`)
  const messages: LabMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  const all = <T extends LabMessage['type']>(type: T) =>
    messages.filter((message): message is Extract<LabMessage, { type: T }> => message.type === type)
  return { socket, all, say: (message: unknown) => socket.send(JSON.stringify(message)) }
}

async function serveOn(url: string) {
  const log = await redisLog(url)
  const server = await serve({ log })
  return { ...server, peers: log.peers, [Symbol.asyncDispose]: () => server.close() }
}

/** Starts two servers that know each other. */
async function two(url: string) {
  const servers = [await serveOn(url), await serveOn(url)] as const
  await until('they know each other', () => servers.every(({ peers }) => peers?.others().length === 1))
  const [one, other] = servers
  return {
    one,
    other,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.close()
    },
  }
}

const poll = async (origin: string, lane: string): Promise<void> => {
  await (await fetch(`${origin}/feed/lobby/poll?lane=${lane}`)).arrayBuffer()
}

const lanesOf = async (origin: string): Promise<Lanes> => (await fetch(`${origin}/lab/lanes`)).json()

describe.skipIf(!HAS_REDIS)('the lab of two processes on one Redis', () => {
  test('settings and conditions of one process apply to the other one, also to one that begins later', async () => {
    await using redis = await testRedis()
    await using servers = await two(redis.url)
    const { one, other } = servers
    const [mine, theirs] = [await enter(one.origin), await enter(other.origin)]
    await until('both have the welcome', () => mine.all('welcome')[0] && theirs.all('welcome')[0])
    mine.say({ type: 'settings', settings: { ratePerSecond: 7, conditions: { latencyMs: 25 } } })
    const settings = { ratePerSecond: 7, conditions: expect.objectContaining({ latencyMs: 25 }) }
    await until(
      'the page of the other process is told',
      () => theirs.all('settings').at(-1)?.settings.ratePerSecond === 7,
    )
    await until('and of the conditions', () => theirs.all('settings').at(-1)?.settings.conditions.latencyMs === 25)
    expect(theirs.all('settings').at(-1)).toEqual({ type: 'settings', settings })
    const began = performance.now()
    await poll(other.origin, 'any')
    expect(performance.now() - began).toBeGreaterThan(50)
    await using third = await serveOn(redis.url)
    const late = await until('the third process has the settings', async () => {
      const page = await enter(third.origin)
      const welcome = await until('there is a welcome', () => page.all('welcome')[0])
      page.socket.close()
      return welcome.settings.ratePerSecond === 7 && welcome.settings.conditions.latencyMs === 25 ? welcome : null
    })
    expect(late.settings).toEqual(settings)
    mine.socket.close()
    theirs.socket.close()
  })

  test('a cut and a restart at one process happen at the other one too, and a restart sets neutral conditions in both', async () => {
    await using redis = await testRedis()
    await using servers = await two(redis.url)
    const { one, other } = servers
    const page = await enter(other.origin)
    const reader = new WebSocket(`${other.origin.replace('http', 'ws')}/feed/lobby/ws`)
    await once(reader, 'open')
    await one.set({ conditions: { latencyMs: 5 } })
    await until(
      'the other process has the conditions',
      () => page.all('settings').at(-1)?.settings.conditions.latencyMs === 5,
    )
    if (reader.readyState !== reader.CLOSED) await once(reader, 'close')
    const again = new WebSocket(`${other.origin.replace('http', 'ws')}/feed/lobby/ws`)
    await once(again, 'open')
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${one.origin}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const [cut] = await Promise.all([once(again, 'close'), post('/lab/cut', { how: 'RST' })])
    expect(cut[0]).toBe(1006)
    await until('the page is told', () => page.all('cut')[0])
    await Promise.all([once(page.socket, 'close'), post('/lab/restart', {})])
    const welcome = await until('the other process accepts pages again', async () => {
      const next = await enter(other.origin).catch(() => null)
      if (!next) return null
      const told = await until('there is a welcome', () => next.all('welcome')[0])
      next.socket.close()
      return told
    })
    expect(welcome.settings.conditions.latencyMs).toBe(0)
    expect(redis.command('HLEN', 'fourwire:{shared}:lab')).toBe('0')
  })

  test('every page counts, no matter at which process, and the pages of a process that ended no longer count', async () => {
    await using redis = await testRedis()
    await using servers = await two(redis.url)
    const { one, other } = servers
    const mine = await enter(one.origin)
    const theirs = await enter(other.origin, 'lobby', '89abcdef')
    const elsewhere = await enter(other.origin, 'other-room', '11111111')
    await until('both know of two', () => [mine, theirs].every((page) => page.all('here').at(-1)?.pages === 2))
    await using third = await serveOn(redis.url)
    const late = await enter(third.origin, 'lobby', '22222222')
    await until('all know of three', () => [mine, theirs, late].every((page) => page.all('here').at(-1)?.pages === 3))
    late.socket.close()
    await until('both know of two again', () => [mine, theirs].every((page) => page.all('here').at(-1)?.pages === 2))
    await other.close()
    await until('one is left', () => mine.all('here').at(-1)?.pages === 1)
    for (const page of [mine, theirs, elsewhere]) page.socket.close()
  })

  test('the byte counts of a lane add up over both processes: for a page, in /lab/lanes, and at the sockets of the client', async () => {
    await using redis = await testRedis()
    await using servers = await two(redis.url)
    const { one, other } = servers
    const page = await enter(one.origin)
    await until('there is a welcome', () => page.all('welcome')[0])
    const lane = `${PAGE}.short-poll`
    /** Bytes of all polls, as the sockets of the client count them. */
    const counted = { up: 0, down: 0 }
    for (let i = 0; i < 4; i++)
      for (const { port } of [one, other]) {
        const socket = connect(port, '127.0.0.1')
        socket.end(`GET /feed/lobby/poll?lane=${lane} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
        socket.resume()
        await once(socket, 'close')
        counted.up += socket.bytesWritten
        counted.down += socket.bytesRead
      }
    const told = await until('the page has counts of two processes', () => {
      const last = new Map(page.all('lanes').map(({ life, lanes }) => [life, lanes[0]]))
      return last.size === 2 && [...last.values()].every((counts) => counts?.requests === 4) ? [...last.values()] : null
    })
    const sum = (of: (counts: WireBytes) => number): number =>
      told.reduce((all, counts) => all + (counts ? of(counts) : 0), 0)
    const [at, there] = [await lanesOf(one.origin), await lanesOf(other.origin)]
    for (const { lanes } of [at, there]) {
      const counts = lanes.find((found) => found.lane === lane)
      expect(counts).toMatchObject({
        requests: 8,
        connections: 8,
        bytesUp: sum(({ bytesUp }) => bytesUp),
        bytesDown: sum(({ bytesDown }) => bytesDown),
        transport: 'short-poll',
      })
      const split = Object.values(counts?.split ?? {}).reduce((all, bytes) => all + bytes, 0)
      expect(split).toBe((counts?.bytesUp ?? 0) + (counts?.bytesDown ?? 0))
    }
    expect(told.map((counts) => counts?.requests)).toEqual([4, 4])
    expect([sum(({ bytesUp }) => bytesUp), sum(({ bytesDown }) => bytesDown)]).toEqual([counted.up, counted.down])
    expect(at.life).toBe(there.life)
    page.socket.close()
  })

  test('a page sees and inspects the exchanges of its lanes at the other process', async () => {
    await using redis = await testRedis()
    await using servers = await two(redis.url)
    const { one, other } = servers
    const page = await enter(one.origin)
    await until('there is a welcome', () => page.all('welcome')[0])
    await until('the other process watches the page', async () => {
      await poll(other.origin, `${PAGE}.short-poll`)
      return page.all('wire').flatMap(({ crossings }) => crossings)[0]
    })
    await poll(one.origin, `${PAGE}.short-poll`)
    const crossings = await until('both processes report', () => {
      const all = page.all('wire').flatMap((message) => message.crossings)
      return new Set(all.map(({ exchange }) => Math.floor(exchange / 1e9))).size === 2 ? all : null
    })
    for (const exchange of new Set(crossings.map((crossing) => crossing.exchange))) {
      page.say({ type: 'inspect', exchange })
      const { found } = await until('the exchange is inspected', () =>
        page.all('inspected').find((message) => message.exchange === exchange),
      )
      expect(found).toMatchObject({ exchange, lane: `${PAGE}.short-poll` })
    }
    page.say({ type: 'inspect', exchange: 77 })
    const none = await until('the exchange is searched', () =>
      page.all('inspected').find((message) => message.exchange === 77),
    )
    expect(none.found).toBeNull()
    page.socket.close()
  })

  test('a page without a WebSocket may speak at another process than the one of its stream', async () => {
    await using redis = await testRedis()
    await using servers = await two(redis.url)
    const { one, other } = servers
    const stop = new AbortController()
    const stream = await fetch(`${one.origin}/lab/sse?room=lobby`, { signal: stop.signal })
    let text = ''
    const reading = (async () => {
      for await (const bytes of stream.body ?? []) text += Buffer.from(bytes).toString()
    })().catch(() => {})
    const line = await until('there is a line', () => /^event: line\ndata: (.*)$/m.exec(text)?.[1])
    const say = (name: string): Promise<Response> =>
      fetch(`${other.origin}/lab/say?line=${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'settings', settings: { ratePerSecond: 3 } }),
      })
    expect((await say(line)).status).toBe(204)
    await until('the stream has the settings', () => text.includes('"ratePerSecond":3'))
    expect((await say(`${line}x`)).status).toBe(404)
    expect((await say('nothing')).status).toBe(404)
    stop.abort()
    await reading
  })
})
