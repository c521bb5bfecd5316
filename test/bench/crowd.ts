/**
 * `npm run bench:crowd [-- CLIENTS [TRANSPORT…]]`: many clients on one process, for each transport in turn. First the
 * clients are connected and receive messages. Then the server is killed and started again with the same log, and all
 * clients return within three seconds. Meanwhile an honest publisher goes on, and repeats a request that has failed.
 * Nothing may be lost or doubled. Linux only.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { freePort } from '../../lessons/kit/port.ts'
import { killedAtExit } from '../compare/children.ts'
import { residentKiBOf } from '../compare/machine.ts'
import { now } from '../compare/now.ts'
import { spawnServer } from '../spawn.ts'
import type { Spawned } from '../spawn.ts'
import { until } from '../until.ts'
import type { CrowdOrder, CrowdState } from './crowd-clients.ts'
import { needOpenFiles } from './open-files.ts'

const TRANSPORTS = ['sse', 'stream', 'ws', 'long-poll', 'short-poll']

/** Processes with clients. */
const PROCESSES = 4

/** Messages before the storm, and the time between two of them. */
const MESSAGES = 10
const EVERY_MS = 2000

/** Time between two messages during the storm. */
const STORM_EVERY_MS = 250

/** Longest time until all clients are connected, or have all messages. */
const DEADLINE_MS = 120_000

const [clients = 10_000] = process.argv.slice(2, 3).map(Number)
const chosen = process.argv.slice(3)
needOpenFiles(clients)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}`)
console.log(`${clients} clients in ${PROCESSES} processes; load ${loadavg()[0]?.toFixed(1)}`)

for (const transport of chosen.length > 0 ? chosen : TRANSPORTS) await measure(transport)
process.exit()

async function measure(transport: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-crowd-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const start = async (): Promise<Spawned> => {
    const server = await spawnServer('--port', String(port), '--data', join(folder, 'feed.db'), '--limits', 'off')
    killedAtExit(server.process)
    return server
  }
  const crowd = Array.from({ length: PROCESSES }, () =>
    killedAtExit(fork(join(import.meta.dirname, 'crowd-clients.ts'))),
  )
  let server: Spawned | null = null
  try {
    server = await start()
    const publisher = createPublisher(server.origin)
    await publisher.publish()
    const beforeKiB = residentKiBOf(server.process.pid ?? 0) ?? NaN
    const openedMs = now()
    await all(crowd, {
      do: 'open',
      url: server.origin,
      transport,
      clients: clients / PROCESSES,
      last: publisher.published,
    })
    const openingMs = now() - openedMs
    for (let i = 0; i < MESSAGES; i++) {
      await publisher.publish()
      await after(EVERY_MS)
    }
    await received(crowd, publisher.published)
    const calm = (await all(crowd, { do: 'delays' })) as number[][]
    const kib = ((residentKiBOf(server.process.pid ?? 0) ?? NaN) - beforeKiB) / clients
    console.log(`\n${transport}: connected in ${s(openingMs)}, resident ${kib.toFixed(1)} KiB for each client`)
    console.log(`  from publish to receipt: ${percentiles(calm.flat())}`)

    await all(crowd, { do: 'begin' })
    const stopPublishing = publisher.keepPublishing()
    const droppedBefore = droppedConnections()
    const killedMs = now()
    await server.end('SIGKILL')
    server = await start()
    const servedMs = now()
    await until('all clients are live again', async () => (await stateOf(crowd)).live === clients, DEADLINE_MS)
    const liveMs = now()
    const requests = await stopPublishing()
    await received(crowd, publisher.published)
    const { lost, doubled } = await stateOf(crowd)
    const storm = (await all(crowd, { do: 'delays' })) as number[][]
    console.log(
      `  storm: the server is back after ${s(servedMs - killedMs)}, all clients are live ${s(liveMs - servedMs)} later`,
    )
    console.log(
      `  the kernel dropped a new connection ${droppedConnections() - droppedBefore} times, because more than net.core.somaxconn (${somaxconn()}) waited`,
    )
    console.log(`  from publish to receipt in the storm: ${percentiles(storm.flat())}`)
    console.log(
      `  the publisher in the storm: ${percentiles(requests.tookMs)}; ${requests.refused} refused, ${requests.unconnected} without a server`,
    )
    console.log(`  ${publisher.published} messages: ${lost} lost, ${doubled} doubled`)
    if (lost + doubled > 0) process.exitCode = 1
  } finally {
    for (const child of crowd) child.kill('SIGKILL')
    await server?.end('SIGKILL')
  }
}

const somaxconn = (): string => readFileSync('/proc/sys/net/core/somaxconn', 'utf8').trim()

/** How often a listening socket of this machine had no room for a new connection. Its client tries again later. */
function droppedConnections(): number {
  const [names, values] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
  return Number(values?.[names?.indexOf('ListenOverflows') ?? -1])
}

async function all(crowd: readonly ChildProcess[], order: CrowdOrder): Promise<unknown[]> {
  return Promise.all(
    crowd.map(async (child) => {
      const answer = once(child, 'message')
      child.send(order)
      return (await answer)[0]
    }),
  )
}

/** Returns the sums over all processes. `lowest` is the number of the last message that every client has. */
async function stateOf(crowd: readonly ChildProcess[]): Promise<CrowdState> {
  const states = (await all(crowd, { do: 'state' })) as CrowdState[]
  const sum = (of: (state: CrowdState) => number): number => states.reduce((total, state) => total + of(state), 0)
  return {
    live: sum(({ live }) => live),
    lowest: Math.min(...states.map(({ lowest }) => lowest)),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
  }
}

async function received(crowd: readonly ChildProcess[], message: number): Promise<void> {
  await until(`every client has message ${message}`, async () => (await stateOf(crowd)).lowest >= message, DEADLINE_MS)
}

interface Requests {
  /** Times of the requests that the server accepted. */
  readonly tookMs: number[]
  refused: number
  unconnected: number
}

/** Publishes numbered messages, one after the other. A message is repeated with its key until the server accepts it. */
function createPublisher(origin: string) {
  let published = 0
  const counts: Requests = { tookMs: [], refused: 0, unconnected: 0 }

  return {
    get published() {
      return published
    },
    publish,
    /** Publishes again and again. Call the returned function to stop; it resolves with the counts since the start. */
    keepPublishing() {
      const over = new AbortController()
      Object.assign(counts, { tookMs: [], refused: 0, unconnected: 0 })
      const done = (async () => {
        while (!over.signal.aborted) {
          await publish()
          await after(STORM_EVERY_MS)
        }
      })()
      return async (): Promise<Requests> => {
        over.abort()
        await done
        return counts
      }
    },
  }

  async function publish(): Promise<void> {
    const number = published + 1
    const body = JSON.stringify({ user: 'Ada', text: `#${number} ${now()}` })
    const headers = { 'content-type': 'application/json', 'idempotency-key': String(number) }
    for (let isAccepted = false; !isAccepted;) {
      const sentMs = now()
      const response = await fetch(`${origin}/feed/compare-crowd`, { method: 'POST', headers, body }).catch(() => null)
      isAccepted = response?.ok ?? false
      if (isAccepted) counts.tookMs.push(now() - sentMs)
      else if (response) counts.refused += 1
      else counts.unconnected += 1
      await response?.text()
      if (!isAccepted) await after(STORM_EVERY_MS)
    }
    published = number
  }
}

function percentiles(values: readonly number[]): string {
  const sorted = Float64Array.from(values).toSorted()
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(0)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (n ${sorted.length})`
}

function s(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
