/** Whether a process has had its turn, on a machine that has more to do than it can. */
import { readFileSync } from 'node:fs'

/** The unit of times in /proc, the same on every Linux (USER_HZ is 100). */
const TICK_MS = 10

/** What all threads of a process have had of the processor so far; null where the system does not tell (Linux does). */
export function cpuMsOf(pid: number | undefined): number | null {
  try {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')
    const fields = rest.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return null
  }
}
