/** Measures the answers once: sends requests by the schedule, and records when their events arrive. */
import { setTimeout as after } from 'node:timers/promises'
import { markOf } from '../adapter.ts'
import type { ComparedServer } from '../adapter.ts'
import { watchBusy } from '../busy.ts'
import { cpuMsOf, watchOthers } from '../machine.ts'
import { now } from '../now.ts'
import type { Options } from '../options.ts'
import { publishAll, scheduleOf } from '../publishing.ts'
import { seededRandom } from '../random.ts'
import type { Asker, AskingAdapter } from './asking.ts'

export interface AnswerRun {
  readonly transport: string
  /** Requests after the warm-up. */
  readonly requests: number
  /** Of each complete answer, in ms from the time that the schedule intends for its request. */
  readonly answers: readonly MeasuredAnswer[]
  /** Reason of each failure. */
  readonly failures: readonly string[]
  /** Lateness of each sending against the schedule. */
  readonly slipsMs: readonly number[]
  /** For each event, the time for which this process had been busy when it read the event. */
  readonly busyMs: readonly number[]
  /** Bytes in both directions for each request, warm-up included; null if they are unknown. */
  readonly bytes: number | null
  /** Processor time of the server for each request in the measured time; null if it is unknown. */
  readonly cpuUs: number | null
  /** Share of the processors that other programs used; null if it is unknown. */
  readonly othersShare: number | null
}

export interface MeasuredAnswer {
  /** Seconds from the end of the warm-up to the time that the schedule intends for the request. */
  readonly dueS: number
  readonly events: number
  readonly firstMs: number
  readonly totalMs: number
  /** Time between each event and the one before it. Events that arrive together have 0. */
  readonly gapsMs: readonly number[]
}

export interface AnswerMeasuring {
  readonly adapter: AskingAdapter
  readonly options: Options
  readonly target: ComparedServer
  readonly seed: number
}

const START_MS = 100
/** If no event arrives for this time after the last request, the answers that are missing have failed. */
export const SILENCE_MS = 30_000
const LOOK_MS = 50

export async function measureAnswers({ adapter, options, target, seed }: AnswerMeasuring): Promise<AnswerRun> {
  const { clients, rate, warmup, seconds, pid } = options
  const askers = Array.from({ length: clients }, () => adapter.openAsker(target))
  const busy = watchBusy(now())
  const busyMs: number[] = []
  const times: number[][] = []
  let lastMs = now()

  const ask = (number: number): Promise<void> => {
    const arrivals: number[] = []
    times.push(arrivals)
    const event = (atMs = now()): void => {
      lastMs = atMs
      arrivals.push(atMs)
      busyMs.push(busy.sinceMs(now()))
    }
    return answered(askers[number % clients], options.payload(markOf(target.run, number)), event)
  }

  try {
    const startMs = now() + START_MS
    const fromMs = startMs + warmup * 1000
    const schedule = scheduleOf(rate, warmup + seconds, seededRandom(seed))
    const { messages, settled } = publishAll(schedule, startMs, String, ask)
    let isSettled = false
    void settled.then(() => (isSettled = true))

    await after(fromMs - now())
    const others = pid === undefined ? null : watchOthers([pid, process.pid])
    const cpuBefore = cpuMsOf(pid)
    await after(fromMs + seconds * 1000 - now())
    const cpuAfter = cpuMsOf(pid)
    const othersShare = others?.() ?? null
    lastMs = Math.max(lastMs, now())
    await until(() => isSettled || now() - lastMs > SILENCE_MS)

    const measured = messages.flatMap((message, i) =>
      message.dueMs >= fromMs ? [{ message, at: times[i] ?? [] }] : [],
    )
    const complete = measured.filter(({ message }) => message.confirmedMs !== null)
    const usage = bytesOf(askers)
    return {
      transport: target.transport,
      requests: measured.length,
      answers: complete.map(({ message: { dueMs, confirmedMs }, at }) => ({
        dueS: (dueMs - fromMs) / 1000,
        events: at.length,
        firstMs: (at[0] ?? confirmedMs ?? dueMs) - dueMs,
        totalMs: (at.at(-1) ?? confirmedMs ?? dueMs) - dueMs,
        gapsMs: at.slice(1).map((ms, i) => ms - (at[i] ?? ms)),
      })),
      failures: measured
        .filter(({ message }) => message.confirmedMs === null)
        .map(({ message }) => message.refusal ?? `no event arrived for ${SILENCE_MS / 1000} s`),
      slipsMs: measured.map(({ message: { sentMs, dueMs } }) => sentMs - dueMs),
      busyMs,
      bytes: usage === null ? null : usage / messages.length,
      cpuUs:
        cpuBefore === null || cpuAfter === null || measured.length === 0
          ? null
          : ((cpuAfter - cpuBefore) * 1000) / measured.length,
      othersShare,
    }
  } finally {
    for (const asker of askers) asker.close()
  }
}

/** Resolves when the answer is complete. Rejects if it fails. */
export function answered(asker: Asker | undefined, text: string, event: (atMs?: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    asker?.ask(text, { event, done: resolve, failed: (why) => reject(new Error(why)) })
  })
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await after(LOOK_MS)
}

function bytesOf(askers: readonly Asker[]): number | null {
  const usages = askers.map((asker) => asker.usage?.() ?? null)
  if (!usages.every((usage) => usage !== null)) return null
  return usages.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0)
}
