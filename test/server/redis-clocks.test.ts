/** Two servers on one Redis whose clocks differ. Each server is a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event, TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { printedAddress } from '../compare/printed-address.ts'
import { connect, isUp } from '../conformance/client.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { until } from '../until.ts'

const NAMES = Object.keys(transports) as TransportName[]
const MAIN = join(import.meta.dirname, '../../server/main.ts')

/** Starts a server whose clock is fast by `fastMs`. */
async function startServer(redis: string, fastMs: number): Promise<AsyncDisposable & { readonly origin: string }> {
  const clock = `
    const { timeOrigin } = performance, { now } = Date
    Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin + ${fastMs} })
    Date.now = () => now() + ${fastMs}`
  const flags = ['--port=0', `--redis=${redis}`, '--data=:memory:', '--limits=off', '--log=error']
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(clock)}`, MAIN, ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exit = once(child, 'exit')
  const origin = await printedAddress(child)
  if (origin === null) throw new Error('The server ended without saying where it is.')
  return {
    origin,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

async function publish(origin: string, text: string): Promise<Event> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  expect(response.status).toBe(201)
  return response.json()
}

/** Returns the mean delay that a server has measured for its deliveries over a transport. */
async function meanDelayS(origin: string, transport: TransportName): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  const [sum, count] = ['sum', 'count'].map((of) =>
    Number(
      new RegExp(`^fourwire_delivery_delay_seconds_${of}\\{transport="${transport}"\\} (\\S+)$`, 'm').exec(text)?.[1],
    ),
  )
  return (sum ?? Number.NaN) / (count ?? Number.NaN)
}

test.skipIf(!HAS_REDIS)(
  'if the clock of one process is fast by a minute, no client misses an event, and the delays are not wrong by this minute',
  async () => {
    await using redis = await testRedis()
    await using right = await startServer(redis.url, 0)
    await using fast = await startServer(redis.url, 60_000)
    const clients = [right, fast].flatMap(({ origin }) => NAMES.map((name) => connect(name, origin)))
    try {
      await until('every client is connected', () => clients.every(isUp))
      const published: Event[] = []
      for (let i = 0; i < 20; i++) published.push(await publish((i % 2 === 0 ? right : fast).origin, String(i)))
      await until('every client has all events', () => clients.every(({ events }) => events.length === 20))
      for (const client of clients) expect([client.events, client.gaps]).toEqual([published, []])
      // The error of a comparison with Redis is half of a round trip, which a busy machine makes longer.
      const times = published.map(({ at }) => at)
      for (const [i, at] of times.slice(1).entries()) expect(at).toBeGreaterThan((times[i] ?? 0) - 1000)
      for (const { origin } of [right, fast]) {
        const delayS = await meanDelayS(origin, 'sse')
        expect(delayS).toBeGreaterThan(-1)
        expect(delayS).toBeLessThan(5)
      }
    } finally {
      for (const client of clients) client.stop()
    }
  },
)
