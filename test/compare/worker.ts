/** A process with many clients. It records each delivery, and sends the records when it is asked for them. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ComparedServer, NetworkUsage } from './adapter.ts'
import { receivingAdapterOf } from './adapters/index.ts'
import { watchBusy } from './busy.ts'
import { createFleet } from './fleet.ts'
import type { ClientRange, Fleet } from './fleet.ts'
import { now } from './now.ts'
import { createRecorder } from './samples.ts'
import type { Recorder, Samples } from './samples.ts'
import type { FleetOutcome } from './scenarios/outcome.ts'

/** Sent to a worker. A URL cannot be sent, but its text can. */
export type Order =
  | { readonly do: 'open'; readonly adapter: string; readonly target: Sent; readonly clients: ClientRange }
  /** The use of the network, and the delay of this process, count from `begin` to `end`. */
  | { readonly do: 'begin' | 'end' | 'count' | 'resume' | 'away' | 'finish' | 'close' }
  /** Ids of the messages that `count` counts. */
  | { readonly do: 'expect'; readonly ids: readonly string[] }
  /** Cuts all connections at a time, and lets the clients return within `withinMs`. */
  | { readonly do: 'storm'; readonly atMs: number; readonly withinMs: number; readonly seed: number }
  /** Makes a share of the clients stop reading, in percent, until `resume`. */
  | { readonly do: 'pause'; readonly share: number }

export interface Sent extends Omit<ComparedServer, 'url' | 'publishUrl'> {
  readonly url: string
  readonly publishUrl: string
}

/** Sent by a worker: the answer to each order, in the same order. */
export type WorkerAnswer =
  | { readonly is: 'live' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'done' }
  /** The answer to `count` and to `away`. */
  | { readonly is: 'counted'; readonly count: number }
  | { readonly is: 'finished'; readonly worked: Worked }

export interface Worked extends FleetOutcome {
  readonly samples: Samples
  /** Null if the adapter does not know it. */
  readonly usage: NetworkUsage | null
  /** 99 of 100 timers of this process were late by less. */
  readonly loopDelayMs: number
}

const RESOLUTION_MS = 5

let fleet: Fleet | null = null
let recorder: Recorder = createRecorder()
let expected: readonly string[] = []
let before: NetworkUsage | null = null
let usage: NetworkUsage | null = null
let loopDelayMs = 0
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
loop.enable()

process.on('message', (order: Order) => void obey(order).then((answer) => process.send?.(answer)))
// The process that started this one has ended.
process.on('disconnect', () => process.exit())

async function obey(order: Order): Promise<WorkerAnswer> {
  switch (order.do) {
    case 'open':
      return open(order.adapter, order.target, order.clients)
    case 'begin':
      before = fleet?.usage() ?? null
      loop.reset()
      break
    case 'end':
      usage = difference(before, fleet?.usage() ?? null)
      loopDelayMs = Math.max(0, loop.percentile(99) / 1e6 - RESOLUTION_MS)
      break
    case 'storm':
      fleet?.storm(order.atMs, order.withinMs, order.seed)
      break
    case 'pause':
      fleet?.pause(order.share)
      break
    case 'resume':
      fleet?.resume()
      break
    case 'away':
      return { is: 'counted', count: fleet?.away() ?? 0 }
    case 'count':
      return { is: 'counted', count: recorder.countOf(expected) }
    case 'expect':
      expected = order.ids
      break
    case 'finish': {
      const outcome = fleet?.outcome() ?? { dropped: 0, storm: null, slow: null }
      return { is: 'finished', worked: { ...outcome, samples: recorder.take(), usage, loopDelayMs } }
    }
    case 'close':
      fleet?.close()
      break
  }
  return { is: 'done' }
}

/** Resolves when all clients are live, or when one has failed. */
async function open(name: string, sent: Sent, clients: ClientRange): Promise<WorkerAnswer> {
  const adapter = await receivingAdapterOf(name)
  const target = { ...sent, url: new URL(sent.url), publishUrl: new URL(sent.publishUrl) }
  recorder = createRecorder()
  const busy = watchBusy(now())
  fleet = createFleet(adapter, target, clients, (client, text, atMs = now()) => {
    const busyMs = busy.sinceMs(now())
    const id = adapter.match(text)
    if (id !== null) recorder.add(client, id, atMs, busyMs)
  })
  const why = await fleet.open()
  return why === null ? { is: 'live' } : { is: 'failed', why }
}

function difference(before: NetworkUsage | null, after: NetworkUsage | null): NetworkUsage | null {
  if (!before || !after) return null
  return {
    bytesUp: after.bytesUp - before.bytesUp,
    bytesDown: after.bytesDown - before.bytesDown,
    requests: after.requests - before.requests,
  }
}
