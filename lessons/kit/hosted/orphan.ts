/**
 * A second thread that ends the process when its parent has ended, even if the program blocks its own thread. With a
 * pipe, it also writes a pulse, which shows that the process gets processor time, and how much it has used.
 */
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { isAlive } from '../../../server/start/ending.ts'

const PULSE_MS = 100

const parent = process.ppid

setInterval(() => {
  // On Windows, ppid does not change when the parent ends.
  if (process.ppid !== parent || !isAlive(parent)) process.kill(process.pid, 'SIGKILL')
}, 500)

if (typeof workerData === 'number') setInterval(pulse, PULSE_MS, workerData)

parentPort?.postMessage('up')

function pulse(pipe: number): void {
  const { user, system } = process.cpuUsage()
  try {
    writeSync(pipe, `${Math.round((user + system) / 1000)}\n`)
  } catch {
    // The kit has ended; the other timer ends this process.
  }
}
