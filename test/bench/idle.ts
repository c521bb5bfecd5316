/**
 * `npm run bench:idle [-- CLIENTS [REPETITIONS [TRANSPORT…]]]`: measures the memory of the server for each client that
 * is connected and receives nothing, with all parts of the server on. Each transport gets a server of its own. `plain
 * sockets` is the part of Node itself: a server that only keeps its connections.
 *
 * The garbage collector runs before each measurement. `resident` is the memory of the process, which includes what Node
 * allocates outside its heap, and pages that the heap does not use. `heap` is the size of the objects that are in use,
 * and of their buffers. Linux only.
 */
import { cpus, loadavg } from 'node:os'
import { needOpenFiles } from './open-files.ts'
import { TARGETS, openClients } from './fanout-load.ts'
import type { LoadTarget } from './fanout-load.ts'
import { median } from '../compare/median.ts'
import { startFloor, startMeasured } from './measured.ts'
import type { MeasuredServer } from './measured.ts'
import type { Memory } from './report-memory.ts'
import { until } from '../until.ts'

interface Row {
  readonly start: () => Promise<MeasuredServer>
  readonly target: LoadTarget
}

const startServer = () => startMeasured(':memory:', 5000, 'off')
const ROWS: Readonly<Record<string, Row>> = {
  'plain sockets': { start: startFloor, target: TARGETS.sse },
  sse: { start: startServer, target: TARGETS.sse },
  stream: { start: startServer, target: TARGETS.stream },
  ws: { start: startServer, target: TARGETS.ws },
  'long-poll': { start: startServer, target: TARGETS['long-poll'] },
}

/**
 * Clients that come and go first, so that the code is compiled and the heap has its usual size. Then as many come and
 * stay. They do not count, because Node keeps the parsers of up to 1000 closed connections for the next ones.
 */
const WARM_UP = 1000

/** Time in which the server serves the last client and sends its first bytes. */
const SETTLE_MS = 3000

const [clients = 8000, repetitions = 3] = process.argv.slice(2, 4).map(Number)
const chosen = process.argv.slice(4)
needOpenFiles(clients + 2 * WARM_UP)
console.log(
  `${cpus()[0]?.model}, Node ${process.version}, ${new Date().toISOString()}; load ${loadavg()[0]?.toFixed(1)}`,
)
console.log(`${clients} clients, medians of ${repetitions} (lowest to highest), in KiB for each client`)

for (const [name, row] of Object.entries(ROWS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const figures: Memory[] = []
  for (let i = 0; i < repetitions; i++) figures.push(await measure(row))
  const resident = kib(figures.map(({ rssBytes }) => rssBytes))
  const heap = kib(figures.map(({ heapBytes, bufferBytes }) => heapBytes + bufferBytes))
  console.log(`${name.padEnd(14)} resident ${resident}   heap ${heap}`)
}

/** Returns the difference that the clients make. */
async function measure({ start, target }: Row): Promise<Memory> {
  await using server = await start()
  const connected = (count: number): Promise<unknown> =>
    until(`the server has ${count} connections`, async () => (await server.memory()).connections === count, 60_000)
  await (await openClients(server.port, target, WARM_UP))[Symbol.asyncDispose]()
  await connected(0)
  await using loads = new AsyncDisposableStack()
  loads.use(await openClients(server.port, target, WARM_UP))
  const before = await settled()
  loads.use(await openClients(server.port, target, clients))
  const after = await settled()
  return {
    heapBytes: after.heapBytes - before.heapBytes,
    bufferBytes: after.bufferBytes - before.bufferBytes,
    rssBytes: after.rssBytes - before.rssBytes,
    connections: after.connections - before.connections,
  }

  async function settled(): Promise<Memory> {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    return server.memory()
  }
}

function kib(bytes: readonly number[]): string {
  const each = bytes.map((total) => total / 1024 / clients)
  const [low, high] = [Math.min(...each), Math.max(...each)]
  return `${median(each).toFixed(1).padStart(5)} (${low.toFixed(1)} to ${high.toFixed(1)})`
}
