/**
 * `npm run bench:fanout [-- CLIENTS [MESSAGES [REPETITIONS]]]`: measures the processor time of one delivery when a message
 * goes to many clients, for each transport and for bursts of several messages. Beside this server it measures the
 * server that tutorials show, nchan (C, inside nginx) if it is installed, and for polls the least that a server of Node
 * does (fanout-floor.ts). The servers take turns, so that the noise of the machine affects all of them equally. With
 * `taskset`, the server and the load have a core each. Linux only.
 */
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { spawnServer } from '../spawn.ts'
import { TARGETS, openClients, openPublisher } from './fanout-load.ts'
import type { LoadTarget } from './fanout-load.ts'
import { median } from '../compare/median.ts'
import { measureShortPolls } from './short-polls.ts'
import { hasNchan, startNchan } from './nchan.ts'
import { cpuMsOf, residentKiBOf } from '../compare/machine.ts'

interface Server extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  readonly targets: Readonly<Record<string, LoadTarget>>
}

interface Figures {
  readonly us: number[]
  readonly kib: number[]
}

const BURSTS = [1, 4, 16, 64]

/** Short polls of one turn, and turns of each server. */
const SHORT_POLLS = 20_000
const TURNS = 9

const [clients = 1000, messages = 128, repetitions = 3] = process.argv.slice(2).map(Number)
const servers: Readonly<Record<string, () => Promise<Server>>> = {
  Fourwire: startFourwire,
  tutorial: startTutorial,
  'node:http': startFloor,
  ...(hasNchan() ? { nchan: startNchanTargets } : {}),
}

console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}`)
console.log(`${clients} clients, ${messages} messages, medians of ${repetitions}; load ${loadavg()[0]?.toFixed(1)}`)
if (!hasNchan()) console.log('Without nchan: install nginx and libnginx-mod-nchan to compare with it.')
pin(process.pid, 1)

const all = new Map<string, Figures>()
for (let i = 1; i <= repetitions; i++) {
  for (const [name, start] of Object.entries(servers)) {
    await using server = await start()
    pin(server.pid, 0)
    for (const [transport, target] of Object.entries(server.targets)) {
      try {
        await measure(server, name, transport, target)
      } catch (error) {
        throw new Error(`${transport}, ${name} cannot be measured.`, { cause: error })
      }
    }
  }
  console.log(`Repetition ${i} of ${repetitions} is done.`)
}

console.log(
  `\n${'µs of processor time for a delivery'.padEnd(40)}${BURSTS.map((n) => `burst ${n}`.padStart(10)).join('')}   KiB/client`,
)
for (const transport of ['sse', 'stream', 'ws', 'long-poll']) {
  for (const name of Object.keys(servers)) {
    const rows = BURSTS.map((burst) => all.get(`${transport} ${name} ${burst}`))
    if (!rows[0]) continue
    const figures = rows.map((row) => (row ? median(row.us).toFixed(1) : '–').padStart(10)).join('')
    console.log(`${`${transport}, ${name}`.padEnd(40)}${figures}   ${median(rows[0].kib).toFixed(0).padStart(10)}`)
  }
}

await measureEmptyPolls()

/** Prints the rate of short polls without news, beside the rates of a bare Fastify route and of node:http. */
async function measureEmptyPolls(): Promise<void> {
  await using fourwire = await startFourwire()
  await using fastify = await forkServer('fanout-floor.ts', 'fastify', {})
  await using http = await startFloor()
  const polled = Object.entries({ Fourwire: fourwire, 'bare Fastify': fastify, 'node:http': http })
  for (const [, { pid }] of polled) pin(pid, 0)
  const servers = polled.map(([name, { pid, port }]) => ({ name, pid, port }))
  const rates = await measureShortPolls(servers, SHORT_POLLS, TURNS)
  const ofFastify = rates.get('bare Fastify') ?? NaN
  console.log(
    `\n${'short polls without news'.padEnd(40)}${'a second of processor time'.padStart(30)}   beside bare Fastify`,
  )
  for (const [name, rate] of rates)
    console.log(`${name.padEnd(40)}${rate.toFixed(0).padStart(30)}   ${(rate / ofFastify).toFixed(2).padStart(19)}`)
}

async function measure(server: Server, name: string, transport: string, target: LoadTarget): Promise<void> {
  const before = residentKiBOf(server.pid) ?? NaN
  await using load = await openClients(server.port, target, clients)
  const kib = ((residentKiBOf(server.pid) ?? NaN) - before) / clients
  await using publisher = await openPublisher(server.port, target)
  for (const burst of BURSTS) {
    // The first deliveries compile the code and fill the caches.
    await publisher.publish(burst, load)
    const beganMs = cpuMsOf(server.pid) ?? NaN
    for (let sent = 0; sent < messages; sent += burst) await publisher.publish(burst, load)
    const us = (1000 * ((cpuMsOf(server.pid) ?? NaN) - beganMs)) / (clients * Math.ceil(messages / burst) * burst)
    const key = `${transport} ${name} ${burst}`
    const figures = all.get(key) ?? { us: [], kib: [] }
    figures.us.push(us)
    figures.kib.push(kib)
    all.set(key, figures)
  }
}

/** Binds a process to a core, if the machine has two cores and `taskset`. */
function pin(pid: number, core: number): void {
  if (cpus().length > 1) spawnSync('taskset', ['-acp', String(core), String(pid)])
}

async function startFourwire(): Promise<Server> {
  const {
    process: child,
    port,
    [Symbol.asyncDispose]: dispose,
  } = await spawnServer('--data', ':memory:', '--limits', 'off')
  return { pid: child.pid ?? 0, port, targets: TARGETS, [Symbol.asyncDispose]: dispose }
}

function startTutorial(): Promise<Server> {
  const publish = '/pub'
  return forkServer('fanout-tutorial.ts', '', {
    sse: { subscribe: '/sse', publish },
    ws: { subscribe: '/ws', publish, isSocket: true },
  })
}

function startFloor(): Promise<Server> {
  return forkServer('fanout-floor.ts', 'http', {
    'long-poll': TARGETS['long-poll'],
  })
}

async function forkServer(file: string, argument: string, targets: Server['targets']): Promise<Server> {
  const child = fork(join(import.meta.dirname, file), [argument])
  const [port] = await once(child, 'message')
  return {
    pid: child.pid ?? 0,
    port,
    targets,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

async function startNchanTargets(): Promise<Server> {
  const server = await startNchan()
  const publish = '/pub'
  return {
    ...server,
    targets: {
      sse: { subscribe: '/sub', publish },
      ws: { subscribe: '/sub', publish, isSocket: true },
      'long-poll': { subscribe: '/poll', publish: '/poll-pub', next: 'headers' },
    },
  }
}
