/** Publishes as fast as the servers accept it: each response lets the next request leave. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { now } from '../compare/now.ts'
import { sum } from './redis-deliveries.ts'
import type { MeasuredProcesses, MeasuredRedis } from './redis-processes.ts'

export interface PublishFigures {
  readonly publishesPerSecond: number
  /** Share of a core, 1 for a whole one, that the busiest process uses. */
  readonly busiest: number
  /** Processor time of all processes for one publish. */
  readonly processUs: number
  readonly redisUs: number
  readonly redis: number
  /** Share of a core of this process, which publishes. */
  readonly publisher: number
}

/** Publishes for some time before the measurement. */
const WARM_MS = 1000

/** Requests that are under way on one connection. */
const PER_CONNECTION = 8

/**
 * `concurrency`: the number of requests that are under way at any time, over all processes. They are spread over
 * `rooms` rooms. Each process has one reader of the first room.
 */
export async function measurePublishes(
  processes: MeasuredProcesses,
  redis: MeasuredRedis | null,
  { concurrency, rooms, bytes, seconds }: Readonly<Record<'concurrency' | 'rooms' | 'bytes' | 'seconds', number>>,
): Promise<PublishFigures> {
  const { urls } = processes
  const readers = await Promise.all(urls.map(openReader))
  let accepted = 0
  let refusal: string | null = null
  const connections = Math.max(Math.min(urls.length, concurrency), Math.ceil(concurrency / PER_CONNECTION))
  const body = JSON.stringify({ user: 'bench', text: 'x'.repeat(bytes) })
  const publishers = await Promise.all(
    Array.from({ length: connections }, async (_, i) => {
      const socket = await open(urls[i % urls.length])
      const room = `bench-${i % rooms}`
      const head = `POST /feed/${room} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
      const request = `${head}Content-Length: ${body.length}\r\n\r\n${body}`
      socket.on('data', (bytes: Buffer) => {
        const text = bytes.toString('latin1')
        const count = text.split('HTTP/1.1 ').length - 1
        const status = /HTTP\/1\.1 (?!2)[^\r]*/.exec(text)?.[0]
        refusal ??= status ?? null
        accepted += count
        if (count > 0) socket.write(request.repeat(count))
      })
      return { socket, request, underWay: share(concurrency, connections, i) }
    }),
  )
  for (const { socket, request, underWay } of publishers) socket.write(request.repeat(underWay))

  await after(WARM_MS)
  const before = { accepted, cpu: processes.cpuMs(), redis: redis?.cpuMs() ?? 0, own: process.cpuUsage(), ms: now() }
  await after(seconds * 1000)
  const passedMs = now() - before.ms
  const cpu = processes.cpuMs().map((ms, i) => (ms - (before.cpu[i] ?? 0)) / passedMs)
  const own = process.cpuUsage(before.own)
  const publishesPerMs = (accepted - before.accepted) / passedMs
  const redisCore = ((redis?.cpuMs() ?? 0) - before.redis) / passedMs
  const figures = {
    publishesPerSecond: 1000 * publishesPerMs,
    busiest: Math.max(...cpu),
    processUs: (1000 * sum(cpu)) / publishesPerMs,
    redis: redisCore,
    redisUs: (1000 * redisCore) / publishesPerMs,
    publisher: (own.user + own.system) / 1000 / passedMs,
  }
  for (const socket of [...readers, ...publishers.map(({ socket }) => socket)]) socket.destroy()
  if (refusal !== null) throw new Error(`A publish was refused: ${refusal}`)
  if (sum(cpu) === 0) throw new Error('The processes have used no processor time.')
  return figures
}

/** Number of the requests of one connection. */
function share(concurrency: number, connections: number, i: number): number {
  return Math.floor((concurrency * (i + 1)) / connections) - Math.floor((concurrency * i) / connections)
}

async function openReader(url: URL): Promise<Socket> {
  const socket = await open(url)
  socket.write('GET /feed/bench-0/sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n')
  await once(socket, 'data')
  return socket.resume()
}

async function open(url: URL | undefined): Promise<Socket> {
  const socket = connect(Number(url?.port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}
