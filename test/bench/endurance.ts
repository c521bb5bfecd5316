/**
 * Measures the server's memory after very many publishes and very many connections. Prints lines for
 * the Measured section of test/README.md.
 *
 *   node test/bench/endurance.ts [publishes] [connections]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { get, upgrade } from '../raw.ts'
import { mebibytes, publishMany, startMeasured } from './measured.ts'
import type { Memory } from './report-memory.ts'

const [publishes = 1_000_000, connections = 100_000] = process.argv.slice(2).map(Number)

/** Number of measurements. The first one is after a tenth of the run, when the log is full and the code is warm. */
const PARTS = 10

const REQUESTS = [
  get('/feed/lobby/poll?after=0'),
  get('/feed/lobby/long-poll?after=0'),
  get('/feed/lobby/sse'),
  get('/feed/lobby/stream'),
  upgrade('/feed/lobby/ws'),
  upgrade('/lab?room=lobby&page=a1b2c3d4'),
]

await manyPublishes('memory')
await manyPublishes('SQLite')
await manyConnections()

async function manyPublishes(log: 'memory' | 'SQLite'): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'endurance-'))
  {
    await using server = await startMeasured(log === 'memory' ? ':memory:' : join(folder, 'feed.db'), 5000, 'off')
    const taken: Memory[] = []
    for (let part = 0; part < PARTS; part++) {
      await publishMany(server.port, 'lobby', publishes / PARTS, `hello ${part}`)
      taken.push(await server.memory())
    }
    console.log(`${publishes} publishes, log in ${log}: ${course(taken)}`)
  }
  rmSync(folder, { recursive: true })
}

/** Opens connections of all kinds in turn, 50 at a time, and cuts or ends each after its answer. The server has its default limits. */
async function manyConnections(): Promise<void> {
  await using server = await startMeasured(':memory:', 5000, 'on')
  const taken: Memory[] = []
  let i = 0
  const worker = async (until: number) => {
    while (i < until) await comeAndGo(server.port, i++)
  }
  for (let part = 1; part <= PARTS; part++) {
    await Promise.all(Array.from({ length: 50 }, () => worker((part * connections) / PARTS)))
    let memory = await server.memory()
    while (memory.connections > 0) memory = await server.memory()
    taken.push(memory)
  }
  console.log(`${connections} connects and disconnects: ${course(taken)}`)
}

/** Opens one connection and ends it after the first bytes. A held poll sends none, so connecting is enough. */
function comeAndGo(port: number, i: number): Promise<void> {
  // Several addresses are used, because one has only about 28,000 ports and keeps each for a minute.
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${1 + (i % 20)}` })
  const kind = i % REQUESTS.length
  socket.on('error', () => {})
  socket.write(REQUESTS[kind] ?? '')
  socket.once(kind === 1 ? 'connect' : 'data', () => {
    if (i % 2 === 0) socket.resetAndDestroy()
    else socket.destroy()
  })
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

function course(taken: readonly Memory[]): string {
  const [first] = taken
  const last = taken.at(-1)
  if (!first || !last) throw new Error('Nothing was measured.')
  const from = (name: 'heapBytes' | 'bufferBytes' | 'rssBytes') =>
    `${mebibytes(first[name])} → ${mebibytes(last[name])}`
  const highest = Math.max(...taken.map(({ heapBytes }) => heapBytes))
  return `from a tenth on heap ${from('heapBytes')} (at most ${mebibytes(highest)}), buffers ${from('bufferBytes')}, RSS ${from('rssBytes')}`
}
