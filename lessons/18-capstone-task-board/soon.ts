/** Waiting by looks and not by the clock: the program answers each of them, which on a busy machine takes longer as well. */
import { setTimeout as pause } from 'node:timers/promises'
import { Unclear } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'

/** Together some two seconds on an idle machine: a few round trips, and half a second where a line was cut. */
const LOOKS = 350
const LOOK_MS = 4

/** False where it does not come. */
export async function soon(trial: Trial, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let looks = 0; looks < LOOKS; looks++) {
    if (await holds()) return true
    await trial.reads()
    await pause(LOOK_MS)
  }
  return false
}

/** Throws `Unclear` where it does not come. */
export async function sure(trial: Trial, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  if (!(await soon(trial, holds))) throw new Unclear(`Waited in vain until ${what}.`)
}

/** What a check may take, which waits like this on a machine on which everything takes twenty times as long. */
export const patient = (check: Check): Check => ({ withinMs: 60_000, ...check })
