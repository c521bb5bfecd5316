/** Publishes at a fixed rate, with the clients of `npm run compare`, and measures delays, processor time and bytes. */
import { randomBytes } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { markOf } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import type { Crew } from '../compare/crew.ts'
import { join } from '../compare/joined.ts'
import { watchOthers } from '../compare/machine.ts'
import { now, untilMs } from '../compare/now.ts'
import { publishAll, scheduleOf } from '../compare/publishing.ts'
import type { MeasuredProcesses, MeasuredRedis } from './redis-processes.ts'

export interface Traffic {
  readonly transport: string
  readonly clients: number
  readonly ratePerSecond: number
  readonly seconds: number
  /** Bytes of a message's text. */
  readonly bytes: number
}

/** Figures of one run, without its warm-up. */
export interface TrafficFigures {
  /** From the intended sending to the receipt, smallest first. */
  readonly delaysMs: Float64Array
  readonly messages: number
  readonly deliveries: number
  readonly lost: number
  readonly doubled: number
  /** Processor time of all processes in one second, in ms. */
  readonly processMs: number
  /** Processor time of Redis in one second, in ms; 0 without Redis. */
  readonly redisMs: number
  /** Bytes to the clients in one second. */
  readonly bytesDownPerSecond: number
  readonly requestsPerSecond: number
  /** Share of the cores that other programs than the measured ones used, from 0 to 1. */
  readonly othersShare: number
}

const RAMP_MS = 500
const WARM_S = 1.5
const SHORT_POLL_MS = 1000
/** If nothing arrives for this time, what is missing is lost. */
const ARRIVAL_MS = 3000
const LOOK_MS = 50

/**
 * Spreads the clients over the processes, and publishes to the processes in turn. `toOthers`: publishes only to the
 * first process, and connects all clients to the others.
 */
export async function measureTraffic(
  crews: readonly Crew[],
  processes: MeasuredProcesses,
  redis: MeasuredRedis | null,
  { transport, clients, ratePerSecond, seconds, bytes }: Traffic,
  toOthers = false,
): Promise<TrafficFigures> {
  const { urls } = processes
  const run = randomBytes(4).toString('hex')
  const targets = urls.map((url) => ({ transport, url, publishUrl: url, run, intervalMs: SHORT_POLL_MS, waitS: 25 }))
  const [readFrom, publishTo] = toOthers ? [targets.slice(1), targets.slice(0, 1)] : [targets, targets]
  const each = Math.round(clients / crews.length)
  await Promise.all(crews.map((crew, i) => crew.open('fourwire', at(readFrom, i), each, RAMP_MS)))

  const startMs = now() + 100
  const fromMs = startMs + WARM_S * 1000
  const idOf = (message: number): string => markOf(run, message)
  const schedule = scheduleOf(ratePerSecond, WARM_S + seconds, Math.random)
  const { messages, settled } = publishAll(schedule, startMs, idOf, async (message) =>
    fourwire.publish?.(at(publishTo, message), idOf(message).padEnd(bytes, 'x')),
  )
  await untilMs(fromMs)
  await Promise.all(crews.map((crew) => crew.begin()))
  const others = watchOthers([
    process.pid,
    ...processes.pids,
    ...(redis ? [redis.pid] : []),
    ...crews.flatMap(({ pids }) => pids),
  ])
  const [processBefore, redisBefore, beganMs] = [sum(processes.cpuMs()), redis?.cpuMs() ?? 0, now()]
  await untilMs(fromMs + seconds * 1000)
  const passedS = (now() - beganMs) / 1000
  const processMs = (sum(processes.cpuMs()) - processBefore) / passedS
  const redisMs = ((redis?.cpuMs() ?? 0) - redisBefore) / passedS
  const othersShare = others() ?? Number.NaN
  await Promise.all(crews.map((crew) => crew.end()))
  await settled
  const ids = messages.flatMap(({ id, refusal }) => (refusal === null ? [id] : []))
  await arrival(crews, ids, each)

  const worked = (await Promise.all(crews.map((crew) => crew.finish()))).flat()
  await Promise.all(crews.map((crew) => crew.close()))
  const all = worked.map(({ samples }) => join(messages, [samples], each, fromMs))
  const refused = all[0]?.refusal
  if (refused) throw new Error(`A publish was refused: ${refused}`)
  return {
    delaysMs: merged(all.map(({ delaysMs }) => delaysMs)),
    messages: all[0]?.messages ?? 0,
    deliveries: sum(all.map(({ delaysMs }) => delaysMs.length)),
    lost: sum(all.map(({ lost }) => lost)),
    doubled: sum(all.map(({ doubled }) => doubled)),
    processMs,
    redisMs,
    bytesDownPerSecond: sum(worked.map(({ usage }) => usage?.bytesDown ?? Number.NaN)) / passedS,
    requestsPerSecond: sum(worked.map(({ usage }) => usage?.requests ?? Number.NaN)) / passedS,
    othersShare,
  }
}

/** Resolves when each client has all messages, or when nothing has arrived for some time. */
async function arrival(crews: readonly Crew[], ids: readonly string[], each: number): Promise<void> {
  await Promise.all(crews.map((crew) => crew.expect(ids)))
  const arrived = async (): Promise<number> => sum(await Promise.all(crews.map((crew) => crew.count())))
  for (let count = await arrived(), atMs = now(); count < ids.length * each * crews.length;) {
    if (now() - atMs > ARRIVAL_MS) return
    await after(LOOK_MS)
    const next = await arrived()
    if (next > count) atMs = now()
    count = next
  }
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

export function merged(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(sum(parts.map(({ length }) => length)))
  let end = 0
  for (const part of parts) {
    all.set(part, end)
    end += part.length
  }
  return all.sort()
}

function at<T>(values: readonly T[], i: number): T {
  const value = values[i % values.length]
  if (value === undefined) throw new Error('There is no process for the clients.')
  return value
}
