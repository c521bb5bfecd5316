/** Measures what one message to many clients costs a server, and when the last client has it. */
import { setTimeout as after } from 'node:timers/promises'
import { markOf } from '../compare/adapter.ts'
import type { Accepted, ComparedServer } from '../compare/adapter.ts'
import type { Crew } from '../compare/crew.ts'
import { now } from '../compare/now.ts'
import { CompareError } from '../compare/trouble.ts'
import { connectingMs, runMsOf } from './servers.ts'

export interface BroadcastPlan {
  readonly crew: Crew
  /** Name or file of the adapter, for the clients. */
  readonly adapter: string
  readonly target: ComparedServer
  /** Process of the server. */
  readonly pid: number
  readonly clients: number
  readonly count: number
  /** Time in which the clients connect, on a quiet machine. */
  readonly rampMs: number
  /** Time from the last connection to the first message. */
  readonly settleMs: number
  /** Time from the last receipt to the end of the measured processor time. */
  readonly trailMs: number
  /** Time from the end of one broadcast to the next. */
  readonly pauseMs: number
  publish(target: ComparedServer, text: string): Promise<Accepted | void>
}

export interface Broadcasts {
  /** Processor time of the server for each broadcast. */
  readonly serverMs: readonly number[]
  /** Time from the sending to the receipt by the last client, for each broadcast. */
  readonly lastMs: readonly number[]
  /** Largest part of a delay that may be the clients' own, for each broadcast. */
  readonly busyMs: readonly number[]
}

const LOOK_MS = 20
const DEADLINE_MS = 20_000
const TEXT_BYTES = 100

/** Rejects with `CompareError` if a client does not receive a message. */
export async function measureBroadcasts(plan: BroadcastPlan): Promise<Broadcasts> {
  const { crew, adapter, target, pid, clients, count, rampMs, settleMs, trailMs, pauseMs } = plan
  await crew.open(adapter, target, clients, connectingMs(rampMs))
  await after(settleMs)
  const serverMs: number[] = []
  const sentMs: number[] = []
  for (let number = 0; number < count; number++) {
    const id = markOf(target.run, number)
    await crew.expect([id])
    const before = runMsOf(pid)
    sentMs.push(now())
    await plan.publish(target, id.padEnd(TEXT_BYTES, 'x'))
    await allReceived(crew, clients, target.transport)
    await after(trailMs)
    serverMs.push(runMsOf(pid) - before)
    await after(pauseMs)
  }
  const worked = await crew.finish()
  await crew.close()
  const lastMs = sentMs.map(() => 0)
  const busyMs = sentMs.map(() => 0)
  for (const { samples } of worked) {
    for (let i = 0; i < samples.length; i++) {
      const number = Number(/\.(\d+)~/.exec(samples.ids[samples.id[i] ?? -1] ?? '')?.[1])
      lastMs[number] = Math.max(lastMs[number] ?? 0, (samples.atMs[i] ?? 0) - (sentMs[number] ?? 0))
      busyMs[number] = Math.max(busyMs[number] ?? 0, samples.busyMs[i] ?? 0)
    }
  }
  return { serverMs, lastMs, busyMs }
}

async function allReceived(crew: Crew, clients: number, transport: string): Promise<void> {
  const endMs = now() + DEADLINE_MS
  for (;;) {
    const received = await crew.count()
    if (received >= clients) return
    if (now() > endMs)
      throw new CompareError(`Over ${transport}, only ${received} of ${clients} clients received a message.`)
    await after(LOOK_MS)
  }
}
