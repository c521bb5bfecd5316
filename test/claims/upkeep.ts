/** Measures what clients cost while they are connected: processor time of the server, and bytes, for each minute. */
import { setTimeout as after } from 'node:timers/promises'
import { markOf } from '../compare/adapter.ts'
import type { ComparedServer } from '../compare/adapter.ts'
import type { Crew } from '../compare/crew.ts'
import { connectingMs, runMsOf } from './servers.ts'

export interface UpkeepPlan {
  readonly crew: Crew
  /** Name or file of the adapter, for the clients. */
  readonly adapter: string
  readonly target: ComparedServer
  /** Process of the server. */
  readonly pid: number
  readonly clients: number
  /** Time for each client to connect, on a quiet machine. */
  readonly connectMs: number
  /** Duration of the measurement, and interval between two updates. */
  readonly windowMs: number
  /** Number of updates that each poll would bring if the updates had come for a long time. 0 for a stream. */
  readonly updatesPerPoll: number
  publish(target: ComparedServer, mark: string): Promise<unknown>
}

/** For each client and minute. */
export interface Upkeep {
  readonly cpuMs: number
  readonly bytes: number
}

/** Time in which the server cleans up after the connections. */
const SETTLE_MS = 1500
const MINUTE_MS = 60_000

/**
 * A stream gets one update in the middle of the measurement. A poll in the measurement brings the updates that were
 * published before, so that each poll brings the same number.
 */
export async function measureUpkeep(plan: UpkeepPlan): Promise<Upkeep> {
  const { crew, adapter, target, pid, clients, connectMs, windowMs, updatesPerPoll } = plan
  await crew.open(adapter, target, clients, connectingMs(connectMs * clients))
  await after(SETTLE_MS)
  await crew.begin()
  for (let number = 0; number < updatesPerPoll; number++) await plan.publish(target, markOf(target.run, number))
  const [beforeMs, startMs] = [runMsOf(pid), performance.now()]
  await after(windowMs / 2)
  if (updatesPerPoll === 0) await plan.publish(target, markOf(target.run, 0))
  await after(windowMs - (performance.now() - startMs))
  const usedMs = runMsOf(pid) - beforeMs
  const perMinute = MINUTE_MS / (performance.now() - startMs) / clients
  await crew.end()
  const worked = await crew.finish()
  await crew.close()
  const bytes = worked.reduce((sum, { usage }) => sum + (usage ? usage.bytesUp + usage.bytesDown : Number.NaN), 0)
  return { cpuMs: usedMs * perMinute, bytes: bytes * perMinute }
}
