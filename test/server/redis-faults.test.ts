/** Tests of faults during which Redis keeps its events: it is away, busy, full, or its link is broken. */
import { describe, expect, test } from 'vitest'
import { expectNoGap, expectNoHole, isBack, post, twoServers } from '../redis-readers.ts'
import { HAS_REDIS } from '../redis.ts'
import type { Served } from '../serve.ts'
import { until } from '../until.ts'

/** Opens a stream of each kind without a client, and collects its text. */
async function rawStreamsOf({ origin, port }: Served): Promise<AsyncDisposable & { texts(): readonly string[] }> {
  const texts = ['', '', '']
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed/lobby/ws`)
  socket.onmessage = ({ data }) => (texts[2] += String(data))
  const abort = new AbortController()
  for (const [i, path] of ['sse', 'stream'].entries()) {
    const { body } = await fetch(`${origin}/feed/lobby/${path}`, { signal: abort.signal })
    const read = async () => {
      for await (const bytes of body ?? []) texts[i] += Buffer.from(bytes).toString()
    }
    read().catch(() => {})
  }
  await until('the streams are open', () => texts.every((text) => text !== ''))
  return {
    texts: () => texts,
    async [Symbol.asyncDispose]() {
      abort.abort()
      socket.close()
    },
  }
}

describe.skipIf(!HAS_REDIS)('with two servers on one Redis', () => {
  test('Redis is away for 5 s: publishing fails with 503, streams stay open, and no client has a gap', async () => {
    await using servers = await twoServers()
    const { redis, one, other, readers } = servers
    await using streams = await rawStreamsOf(one)
    redis.signal('SIGSTOP')
    const stoppedAtMs = performance.now()
    expect(await post(one)).toEqual({
      status: 503,
      code: 'log-unavailable',
      detail: expect.stringContaining('it does not reply'),
      remedy: expect.stringContaining('may be published or not'),
    })
    const health = await (await fetch(`${one.origin}/health`)).json()
    expect(health).toMatchObject({
      status: 'degraded',
      redis: { commands: expect.stringContaining('it does not reply') },
    })
    expect(await (await fetch(`${one.origin}/metrics`)).text()).toMatch(
      /^fourwire_redis_up\{connection="commands"\} 0$/m,
    )
    await until('five seconds are over', () => performance.now() - stoppedAtMs > 5000)
    expect(readers.map(({ client }) => client.events.length)).toEqual(readers.map(() => 1))
    const areToldOf = (type: string) => () => streams.texts().every((text) => text.includes(`{"type":"${type}"`))
    await until('every stream says that it is degraded', areToldOf('degraded'))
    const streaming = readers.filter(({ client }) => client.states.some(({ is }) => is === 'open'))
    const areTroubled = () => streaming.map(({ client }) => 'trouble' in (client.states.at(-1) ?? {}))
    await until('every client of a stream knows it', () => !areTroubled().includes(false))
    // An error status would stop an EventSource for good.
    const late = await fetch(`${one.origin}/feed/lobby/sse`)
    expect([late.status, await late.text()]).toEqual([
      200,
      expect.stringMatching(/^: .* it does not reply\.\nretry: \d+\n\n$/),
    ])
    redis.signal('SIGCONT')
    await isBack(one, other)
    await until('every stream says that it is restored', areToldOf('restored'))
    await until('every client of a stream knows it', () => !areTroubled().includes(true))
    expect(streaming.length).toBe(6)
    await expectNoHole(readers, await other.publish('2'))
    expectNoGap(readers)
  })

  test('the link of one server is cut again and again: no client has a gap', async () => {
    await using servers = await twoServers(0)
    const { one, other, link, readers } = servers
    for (let round = 0; round < 10; round++) {
      link.cut()
      for (let i = 0; i < 5; i++) await one.publish(String(i))
      await isBack(other)
    }
    await expectNoHole(readers, await other.publish('last'))
    expectNoGap(readers)
  })

  test('the link of one server is half-open: the server notices it, and no client has a gap', async () => {
    await using servers = await twoServers()
    const { one, link, readers } = servers
    link.freeze()
    await one.publish('2')
    await expectNoHole(readers, await one.publish('3'))
    expectNoGap(readers)
  })

  test('the memory of Redis is full: publishing fails with 503 and the reason, and reading continues', async () => {
    await using servers = await twoServers()
    const { redis, one, other, readers } = servers
    redis.command('CONFIG', 'SET', 'maxmemory', '1')
    const refused = await post(other)
    expect(refused).toMatchObject({
      status: 503,
      detail: expect.stringContaining('its memory is full (maxmemory)'),
      remedy: expect.stringContaining('Nothing was published'),
    })
    const page = await (await fetch(`${one.origin}/feed/lobby/poll?after=0`)).json()
    expect(page.events).toMatchObject([{ text: '1' }])
    redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await expectNoHole(readers, await other.publish('2'))
    expectNoGap(readers)
  })

  test('Redis forgets the scripts: publishing continues', async () => {
    await using servers = await twoServers()
    servers.redis.command('SCRIPT', 'FLUSH')
    await expectNoHole(servers.readers, await servers.one.publish('2'))
  })

  test('a script of another program keeps Redis busy until it is killed: publishing fails with 503, then continues', async () => {
    await using servers = await twoServers(1, { flags: ['--busy-reply-threshold', '50'] })
    const { redis, one, other, readers } = servers
    const endless = redis.begin('EVAL', 'while true do end', '0')
    const refused = await until('a publish is refused', async () => {
      const answer = await post(other)
      return answer.status === 503 ? answer : null
    })
    expect(refused.detail).toMatch(/busy with a script|does not reply/)
    redis.command('SCRIPT', 'KILL')
    await endless
    const last = await until('publishing works again', () => one.publish('2').catch(() => null))
    await expectNoHole(readers, last)
    expectNoGap(readers)
  })
})
