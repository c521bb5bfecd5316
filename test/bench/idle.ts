/**
 * `npm run bench:idle [-- CLIENTS]`: measures the memory of the server for each client that is connected and receives
 * nothing. The memory is the resident memory of the process, so it includes what the garbage collector has not freed yet.
 * Each transport gets a server of its own. Linux only.
 */
import { cpus } from 'node:os'
import { spawnServer } from '../spawn.ts'
import { openClients } from './fanout-load.ts'
import type { LoadTarget } from './fanout-load.ts'
import { residentKiBOf } from '../compare/machine.ts'

const publish = '/feed/lobby'
const TARGETS: Readonly<Record<string, LoadTarget>> = {
  sse: { subscribe: '/feed/lobby/sse', publish },
  stream: { subscribe: '/feed/lobby/stream', publish },
  ws: { subscribe: '/feed/lobby/ws', publish, isSocket: true },
  'long-poll': { subscribe: '/feed/lobby/long-poll?wait=30', publish, next: 'cursor' },
}

/** Clients that come and go first. They compile the code, and the heap grows to its usual size. */
const WARM_UP = 1000

/** Time in which the garbage collector frees what the requests have left. */
const SETTLE_MS = 5000

const [clients = 8000] = process.argv.slice(2).map(Number)
console.log(`${cpus()[0]?.model}, Node ${process.version}, ${new Date().toISOString()}; ${clients} clients`)

for (const [name, target] of Object.entries(TARGETS)) {
  await using server = await spawnServer('--data', ':memory:', '--limits', 'off')
  const pid = server.process.pid ?? 0
  await (await openClients(server.port, target, WARM_UP))[Symbol.asyncDispose]()
  await settle()
  const before = residentKiBOf(pid) ?? NaN
  const load = await openClients(server.port, target, clients)
  await settle()
  console.log(
    `${name.padEnd(10)} ${(((residentKiBOf(pid) ?? NaN) - before) / clients).toFixed(1).padStart(6)} KiB for each client`,
  )
  await load[Symbol.asyncDispose]()
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
}
