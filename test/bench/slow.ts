/**
 * Measures the cost of clients that read nothing: the delay of other clients, and the memory of the
 * server. Prints lines for the Measured section of test/README.md.
 *
 *   node test/bench/slow.ts [rounds]
 */
import { once } from 'node:events'
import { get, raw, upgrade } from '../raw.ts'
import type { Raw } from '../raw.ts'
import { until } from '../until.ts'
import { median } from '../compare/median.ts'
import { medianInterval } from './figures.ts'
import { mebibytes, publishMany, startMeasured } from './measured.ts'
import type { MeasuredServer } from './measured.ts'

const READERS = 50

/** Stalled clients beside the readers: one for each kind of stream. */
const STALLED = 2
const PAUSED = 20
const PER_SECOND = 50

/** Duration of a phase, in which a stalled client connects, is dropped after 5 s, and reconnects. */
const ROUND_MS = 7000
const SETTLE_MS = 1000

/** Text of the greatest length. 5,000 of them make 20 MB. */
const TEXT = 'x'.repeat(4000)
const MESSAGES = 5000

const MARK = /"text":"at (\d+\.\d+)"/g

const rounds = Number(process.argv[2] ?? 8)
await othersDelay()
await memoryPerReader('sse')
await memoryPerReader('ws')

/**
 * Measures the delay of readers with and without stalled clients beside them. Each round has both twice, in
 * the order alone, beside, beside, alone, so that the noise of the machine affects both equally. The
 * difference between the two phases alone shows this noise.
 */
async function othersDelay(): Promise<void> {
  await using server = await startMeasured(':memory:', 5000, 'off')
  // A client that starts at the beginning then has more bytes to read than the kernel holds.
  await publishMany(server.port, 'lobby', MESSAGES, TEXT)
  let into: number[] = []
  const readers = await openReaders(server, (ms) => into.push(ms))
  const publisher = await openPublisher(server)
  const alone = async (): Promise<number> => {
    into = []
    await publisher.run(ROUND_MS)
    // Events that are later than this are delayed by the machine, and would count in the next round.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    return quantile(into, 0.99)
  }
  const beside = async (): Promise<number> => {
    const stop = stall(server)
    const p99Ms = await alone()
    await stop()
    return p99Ms
  }
  await alone()
  const taken: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const [before, one, other, after] = [await alone(), await beside(), await beside(), await alone()]
    taken.push({ alone: [before, after], beside: [one, other] })
    console.log(`round ${round + 1}: p99 ${[before, one, other, after].map((ms) => ms.toFixed(1)).join(', ')} ms`)
  }
  console.log(
    `p99 of ${readers.length} readers, ${rounds} rounds of 4 × ${PER_SECOND * (ROUND_MS / 1000)} messages: ${typical(taken, 'alone')} ms alone, ${typical(taken, 'beside')} ms beside ${STALLED} that read nothing; moved by ${percent(taken.map(moved))}; one alone against the other: ${percent(taken.map(({ alone: [before, after] }) => before / after))}`,
  )
  publisher.close()
  await Promise.all(readers.map((reader) => reader.close()))
}

interface Round {
  readonly alone: readonly [number, number]
  readonly beside: readonly [number, number]
}

/** Returns a ratio of geometric means, so that twice as much and half as much cancel out. */
function moved({ alone: [a, d], beside: [b, c] }: Round): number {
  return Math.sqrt((b * c) / (a * d))
}

function typical(taken: readonly Round[], name: keyof Round): string {
  return median(taken.flatMap((round) => round[name])).toFixed(1)
}

/** Formats the median of ratios and its confidence interval. */
function percent(ratios: readonly number[]): string {
  const interval = medianInterval(ratios)
  const of = (ratio: number) => ((ratio - 1) * 100).toFixed(0)
  return `${of(median(ratios))} % (${interval ? `95 % confidence ${of(interval.low)} to ${of(interval.high)} %` : 'too few rounds for an interval'}, n ${ratios.length})`
}

/** Measures the server's memory for a paused reader that is not dropped, while 20 MB are published. */
async function memoryPerReader(path: 'sse' | 'ws'): Promise<void> {
  await using server = await startMeasured(':memory:', 3_600_000, 'off')
  // The log is already full, so that only the readers change the memory.
  for (let i = 0; i < 3; i++) await publishMany(server.port, 'lobby', MESSAGES, TEXT)
  const before = await server.memory()
  const readers = Array.from({ length: PAUSED }, () =>
    raw(server.port, (path === 'ws' ? upgrade : get)(`/feed/lobby/${path}`), false),
  )
  await until('the paused readers are connected', async () => (await server.memory()).connections >= PAUSED)
  await publishMany(server.port, 'lobby', MESSAGES, TEXT)
  const after = await server.memory()
  const each = (name: 'heapBytes' | 'bufferBytes' | 'rssBytes') => mebibytes((after[name] - before[name]) / PAUSED)
  console.log(
    `a paused ${path} reader under ${mebibytes(MESSAGES * TEXT.length)} of publishes: heap ${each('heapBytes')}, buffers ${each('bufferBytes')}, RSS ${each('rssBytes')} (n ${PAUSED})`,
  )
  await Promise.all(readers.map((reader) => reader.close()))
}

async function openReaders({ port }: MeasuredServer, tell: (ms: number) => void): Promise<Raw[]> {
  const readers: Raw[] = []
  for (let i = 0; i < READERS; i++) {
    for (const request of [get('/feed/lobby/sse'), upgrade('/feed/lobby/ws')]) {
      const reader = raw(port, request)
      await once(reader.socket, 'data')
      let rest = ''
      reader.socket.on('data', (chunk) => {
        const nowMs = performance.now()
        rest += String(chunk)
        let end = 0
        for (const match of rest.matchAll(MARK)) {
          tell(nowMs - Number(match[1]))
          end = match.index + match[0].length
        }
        rest = rest.slice(end)
      })
      readers.push(reader)
    }
  }
  return readers
}

/** Publishes by a schedule, without waiting for the earlier messages. */
async function openPublisher({ port }: MeasuredServer) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  await once(socket, 'open')
  socket.send('{"type":"join","room":"lobby"}')
  return {
    async run(forMs: number): Promise<void> {
      const beganAtMs = performance.now()
      for (let i = 0; i < (forMs / 1000) * PER_SECOND; i++) {
        const dueMs = beganAtMs + (i * 1000) / PER_SECOND
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
        socket.send(`{"type":"message","room":"lobby","user":"Ada","text":"at ${performance.now().toFixed(3)}"}`)
      }
    },
    close: () => socket.close(),
  }
}

/** Clients that request all events and read nothing, and reconnect after each drop. */
function stall({ port }: MeasuredServer): () => Promise<void> {
  let stopped = false
  const open = new Set<Raw>()
  const connect = (i: number) => {
    const client = raw(port, (i % 2 === 0 ? get : upgrade)(`/feed/lobby/${i % 2 === 0 ? 'sse' : 'ws'}?after=0`), false)
    open.add(client)
    client.socket.once('close', () => {
      open.delete(client)
      if (!stopped) connect(i)
    })
  }
  for (let i = 0; i < STALLED; i++) connect(i)
  return async () => {
    stopped = true
    await Promise.all(Array.from(open, (client) => client.close()))
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.round((sorted.length - 1) * share)] ?? NaN
}
