/**
 * `npm run bench:redis [-- --rounds N --seconds S --clients N --json FILE]`: several processes on one Redis, beside one
 * process. In each round the settings take turns, and the figures are medians of the rounds. The processes, Redis, the
 * clients and the publisher share the cores of this machine. Linux only, because it reads the processor time of Redis.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { startCrew } from '../compare/crew.ts'
import { median } from '../compare/median.ts'
import { HAS_REDIS } from '../redis.ts'
import { measureTraffic, merged } from './redis-deliveries.ts'
import type { TrafficFigures } from './redis-deliveries.ts'
import { emptyBytes, measureEvents, measureRooms } from './redis-memory.ts'
import { startProcesses, startRedis } from './redis-processes.ts'
import type { MeasuredProcesses, MeasuredRedis } from './redis-processes.ts'
import { measurePublishes } from './redis-publishes.ts'
import { printFigures } from './redis-tables.ts'

const SETTINGS = [
  { name: '1 process, log in memory', processes: 1, isOnRedis: false },
  { name: '1 process on Redis', processes: 1, isOnRedis: true },
  { name: '2 processes on Redis', processes: 2, isOnRedis: true },
  { name: '4 processes on Redis', processes: 4, isOnRedis: true },
]
const TRANSPORTS = ['sse', 'stream', 'ws', 'long-poll', 'short-poll']
const DELAYED = ['sse', 'ws', 'long-poll']
/** The delays are measured with few clients, so that they are those of the servers. */
const FEW = { clients: 4, ratePerSecond: 100, bytes: 100 }
const RATE_PER_SECOND = 20
const BYTES = 100
const MORE_BYTES = [1000, 4000]
const LOOPS = [
  ...[1, 8, 64, 256].map((concurrency) => ({ concurrency, rooms: 1, bytes: BYTES })),
  { concurrency: 256, rooms: 64, bytes: BYTES },
  { concurrency: 8, rooms: 1, bytes: 4000 },
]
const LOOP_S = 4
const CREWS = 4

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    clients: { type: 'string', default: '400' },
    json: { type: 'string' },
  },
})
const rounds = wholeNumber('rounds', values.rounds)
const seconds = wholeNumber('seconds', values.seconds)
const clients = wholeNumber('clients', values.clients)
if (!HAS_REDIS) fail('This bench needs redis-server. Install Redis first.')
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const figures = new Map<string, number[]>()
const delays = new Map<string, Float64Array[]>()
const wrong = { lost: 0, doubled: 0 }
const crews = Array.from({ length: CREWS }, startCrew)
await using redis = await startRedis()
const machine = {
  machine: `${cpus()[0]?.model}, ${cpus().length} cores`,
  node: process.version,
  redis: /redis_version:(\S+)/.exec(redis.command('info', 'server'))?.[1],
  date: new Date().toISOString(),
}
const load = loadavg()[0]?.toFixed(1)

for (let round = 0; round < rounds; round++) {
  // Each round begins with another setting, so that a change of the machine's speed affects all of them.
  for (const i of SETTINGS.keys()) {
    const { name, processes, isOnRedis } = SETTINGS[(i + round) % SETTINGS.length] ?? fail('There is no setting.')
    redis.command('flushall')
    const shared = isOnRedis ? redis : null
    await using servers = await startProcesses(processes, shared)
    await measureSetting(name, servers, shared)
    console.error(`Round ${round + 1} of ${rounds}: ${name} is done.`)
  }
  await measureMemory()
}
for (const crew of crews) crew[Symbol.dispose]()

const settings = { rounds, seconds, clients, ratePerSecond: RATE_PER_SECOND, bytes: BYTES, few: FEW, loadAtStart: load }
for (const [name, parts] of delays) {
  const all = merged(parts)
  for (const share of [0.5, 0.99]) set(`${name}, p${share * 100} ms`, all[Math.ceil(share * all.length) - 1])
  set(`${name}, n`, all.length)
}
printFigures({ machine, settings, figures, wrong })
if (values.json !== undefined) {
  const medians = Object.fromEntries(Array.from(figures, ([name, all]) => [name, median(all)]))
  writeFileSync(
    values.json,
    JSON.stringify({ ...machine, settings, wrong, medians, all: Object.fromEntries(figures) }, null, 2),
  )
}
if (wrong.lost + wrong.doubled > 0) process.exitCode = 1

async function measureSetting(name: string, servers: MeasuredProcesses, shared: MeasuredRedis | null): Promise<void> {
  for (const transport of DELAYED) await measureFew(name, servers, shared, transport, false)
  if (servers.urls.length === 2)
    for (const transport of DELAYED)
      await measureFew('2 processes, from one to the other', servers, shared, transport, true)
  for (const transport of TRANSPORTS) {
    const sizes = shared && servers.urls.length === 1 && transport !== 'short-poll' ? [BYTES, ...MORE_BYTES] : [BYTES]
    for (const bytes of sizes) {
      const traffic = { transport, clients, ratePerSecond: RATE_PER_SECOND, seconds, bytes }
      const one = await measureTraffic(crews, servers, shared, traffic)
      count(one)
      const of = `${name}, ${transport}, ${bytes} bytes`
      const perSecond = one.deliveries / seconds
      set(`${of}, process µs per delivery`, (1000 * one.processMs) / perSecond)
      set(`${of}, Redis µs per delivery`, (1000 * one.redisMs) / perSecond)
      set(`${of}, bytes down per delivery`, one.bytesDownPerSecond / perSecond)
      if (transport === 'short-poll') set(`${of}, process µs per poll`, (1000 * one.processMs) / one.requestsPerSecond)
    }
  }
  for (const { concurrency, rooms, bytes } of LOOPS) {
    const one = await measurePublishes(servers, shared, { concurrency, rooms, bytes, seconds: LOOP_S })
    const of = `${name}, ${concurrency} publishes of ${bytes} bytes at once, ${rooms} rooms`
    set(`${of}, publishes per second`, one.publishesPerSecond)
    set(`${of}, core of the busiest process`, one.busiest)
    set(`${of}, core of Redis`, one.redis)
    set(`${of}, core of the publisher`, one.publisher)
    set(`${of}, process µs per publish`, one.processUs)
    set(`${of}, Redis µs per publish`, one.redisUs)
  }
}

/** Measures the delays, and what a message costs that only few clients receive. */
async function measureFew(
  name: string,
  servers: MeasuredProcesses,
  shared: MeasuredRedis | null,
  transport: string,
  toOthers: boolean,
): Promise<void> {
  const one = await measureTraffic(crews, servers, shared, { ...FEW, transport, seconds }, toOthers)
  count(one)
  const of = `${name}, ${transport}`
  delays.set(of, [...(delays.get(of) ?? []), one.delaysMs])
  set(`${of}, process µs per message`, (1000 * one.processMs) / FEW.ratePerSecond)
  set(`${of}, Redis µs per message`, (1000 * one.redisMs) / FEW.ratePerSecond)
}

async function measureMemory(): Promise<void> {
  set('Redis bytes without rooms', emptyBytes(redis))
  for (const bytes of [BYTES, ...MORE_BYTES])
    for (const keyed of [false, true])
      set(
        `Redis bytes per event of ${bytes} bytes${keyed ? ' with a key' : ''}`,
        await measureEvents(redis, bytes, keyed),
      )
  set('Redis bytes per room with one event', await measureRooms(redis))
}

function count({ lost, doubled, othersShare }: TrafficFigures): void {
  wrong.lost += lost
  wrong.doubled += doubled
  set('other programs, share of the cores', othersShare)
}

function set(name: string, value: number | undefined): void {
  figures.set(name, [...(figures.get(name) ?? []), value ?? Number.NaN])
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value > 0) return value
  return fail(`--${name} is "${text}". Give a whole number from 1 on.`)
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}
