/** A process with many clients. It records each delivery, and sends the records when it is asked for them. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Adapter, ComparedConnection, ComparedServer, NetworkUsage } from './adapter.ts'
import { receivingAdapterOf } from './adapters/index.ts'
import { watchBusy } from './busy.ts'
import { now } from './now.ts'
import { createRecorder } from './samples.ts'
import type { Recorder, Samples } from './samples.ts'
import { messageOf } from './trouble.ts'

/** Sent to a worker. A URL cannot be sent, but its text can. */
export type Order =
  | { readonly do: 'open'; readonly adapter: string; readonly target: Sent; readonly clients: ClientRange }
  /** The use of the network, and the delay of this process, count from `begin` to `end`. */
  | { readonly do: 'begin' | 'end' | 'count' | 'finish' | 'close' }
  /** Ids of the messages that `count` counts. */
  | { readonly do: 'expect'; readonly ids: readonly string[] }

export interface Sent extends Omit<ComparedServer, 'url' | 'publishUrl'> {
  readonly url: string
  readonly publishUrl: string
}

export interface ClientRange {
  readonly first: number
  readonly count: number
  /** Time between two clients. */
  readonly gapMs: number
}

/** Sent by a worker: the answer to each order, in the same order. */
export type Answer =
  | { readonly is: 'live' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'done' }
  | { readonly is: 'counted'; readonly deliveries: number }
  | { readonly is: 'finished'; readonly worked: Worked }

export interface Worked {
  readonly samples: Samples
  /** Null if the adapter does not know it. */
  readonly usage: NetworkUsage | null
  /** Clients that lost their connection. */
  readonly dropped: number
  /** 99 of 100 timers of this process were late by less. */
  readonly loopDelayMs: number
}

const RESOLUTION_MS = 5

let connections: ComparedConnection[] = []
let recorder: Recorder = createRecorder()
let expected: readonly string[] = []
let dropped = 0
let before: NetworkUsage | null = null
let usage: NetworkUsage | null = null
let loopDelayMs = 0
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
loop.enable()

process.on('message', (order: Order) => void obey(order).then((answer) => process.send?.(answer)))
// The process that started this one has ended.
process.on('disconnect', () => process.exit())

async function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case 'open':
      return open(order.adapter, order.target, order.clients)
    case 'begin':
      before = usageOf(connections)
      loop.reset()
      return { is: 'done' }
    case 'end':
      usage = difference(before, usageOf(connections))
      loopDelayMs = Math.max(0, loop.percentile(99) / 1e6 - RESOLUTION_MS)
      return { is: 'done' }
    case 'count':
      return { is: 'counted', deliveries: recorder.countOf(expected) }
    case 'expect':
      expected = order.ids
      return { is: 'done' }
    case 'finish':
      return { is: 'finished', worked: { samples: recorder.take(), usage, dropped, loopDelayMs } }
    case 'close':
      for (const connection of connections) connection.close()
      connections = []
      return { is: 'done' }
  }
}

/** Opens clients one after the other. Resolves when all of them are live, or when one has failed. */
async function open(name: string, sent: Sent, { first, count, gapMs }: ClientRange): Promise<Answer> {
  const adapter = await receivingAdapterOf(name)
  const target = { ...sent, url: new URL(sent.url), publishUrl: new URL(sent.publishUrl) }
  connections = []
  recorder = createRecorder()
  dropped = 0
  const busy = watchBusy(now())
  const startMs = now()
  return new Promise((resolve) => {
    let live = 0
    const fail = (why: string): void => {
      dropped += 1
      resolve({ is: 'failed', why })
    }
    const openNext = (): void => {
      try {
        while (connections.length < count && now() - startMs >= connections.length * gapMs)
          connections.push(openClient(adapter, target, first + connections.length))
        if (connections.length < count) setTimeout(openNext, 1)
      } catch (error) {
        fail(messageOf(error))
      }
    }
    if (count === 0) resolve({ is: 'live' })
    else openNext()

    function openClient(adapter: Adapter, target: ComparedServer, client: number): ComparedConnection {
      const goesLive = (): void => {
        live += 1
        if (live === count) resolve({ is: 'live' })
      }
      return adapter.connect(target, {
        live: goesLive,
        received(text, atMs = now()) {
          const busyMs = busy.sinceMs(now())
          const id = adapter.match(text)
          if (id !== null) recorder.add(client, id, atMs, busyMs)
        },
        failed: fail,
      })
    }
  })
}

function difference(before: NetworkUsage | null, after: NetworkUsage | null): NetworkUsage | null {
  if (!before || !after) return null
  return {
    bytesUp: after.bytesUp - before.bytesUp,
    bytesDown: after.bytesDown - before.bytesDown,
    requests: after.requests - before.requests,
  }
}

function usageOf(all: readonly ComparedConnection[]): NetworkUsage | null {
  const sum = { bytesUp: 0, bytesDown: 0, requests: 0 }
  for (const connection of all) {
    const one = connection.usage?.()
    if (!one) return null
    sum.bytesUp += one.bytesUp
    sum.bytesDown += one.bytesDown
    sum.requests += one.requests
  }
  return sum
}
