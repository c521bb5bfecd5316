/** Makes the clients do what the scenario wants in the measured time. */
import { setTimeout as after } from 'node:timers/promises'
import type { Crew } from '../crew.ts'
import { residentKiBOf } from '../machine.ts'
import { now, untilMs } from '../now.ts'
import { SLOW_PART, STORM_PART } from './scenario.ts'
import type { ScenarioOptions } from './scenario.ts'

export interface Played {
  /** Growth of the server's memory while some clients did not read, in KiB; null if it is unknown. */
  readonly grownKiB: number | null
}

export interface Playing {
  readonly options: ScenarioOptions & { readonly seconds: number }
  readonly crew: Crew
  readonly pid: number | undefined
  readonly seed: number
}

const LOOK_MS = 100

/** Resolves when the last order is given. `fromMs` is the start of the measured time. */
export async function playScenario({ options, crew, pid, seed }: Playing, fromMs: number): Promise<Played> {
  const { scenario, seconds, stormWithin, slow } = options
  const timeOf = (part: number): number => fromMs + part * seconds * 1000
  if (scenario === 'reconnect-storm') await crew.storm(timeOf(STORM_PART), stormWithin * 1000, seed)
  if (scenario !== 'slow-readers') return { grownKiB: null }
  await untilMs(timeOf(SLOW_PART.from))
  const memory = pid === undefined ? null : watchMemory(pid)
  await crew.pause(slow)
  await untilMs(timeOf(SLOW_PART.to))
  const grownKiB = memory?.() ?? null
  await crew.resume()
  return { grownKiB }
}

/** The returned function returns the greatest growth since now, in KiB; null if it is unknown. */
function watchMemory(pid: number): () => number | null {
  const before = residentKiBOf(pid)
  let most = before
  const look = (): void => {
    const now = residentKiBOf(pid)
    if (now !== null && most !== null) most = Math.max(most, now)
  }
  const timer = setInterval(look, LOOK_MS)
  return () => {
    clearInterval(timer)
    look()
    return before === null || most === null ? null : most - before
  }
}

/** Clients that are away for longer after the end do not return. */
const RETURN_MS = 15_000

/** Resolves when all clients that were cut are live again, or after a time limit. */
export async function allReturned(crew: Crew): Promise<void> {
  const untilMs = now() + RETURN_MS
  while ((await crew.away()) > 0 && now() < untilMs) await after(LOOK_MS)
}
