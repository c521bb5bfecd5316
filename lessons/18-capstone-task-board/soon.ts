/** Waits for a number of looks, not for a time. Each look waits for the program, so a busy machine gets more time. */
import { setTimeout as pause } from 'node:timers/promises'
import { Unclear } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'

/** Number of looks: about two seconds on an idle machine, enough for a few round trips and a reconnect. */
const LOOKS = 350
const LOOK_MS = 4

/** Resolves with true when the condition holds, or with false after the last look. */
export async function soon(trial: Trial, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let looks = 0; looks < LOOKS; looks++) {
    if (await holds()) return true
    await trial.reads()
    await pause(LOOK_MS)
  }
  return false
}

/** Like `soon`, but throws `Unclear` if the condition never holds. */
export async function sure(trial: Trial, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  if (!(await soon(trial, holds))) throw new Unclear(`Gave up waiting until ${what}.`)
}
