/**
 * Thread that ends its process when the parent process has ended, even if the program blocks the main thread. If it is
 * started with a pipe, it writes the used processor time in ms and the used memory in MB to the pipe every 100 ms. The kit then sees that the process is
 * running.
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
    writeSync(pipe, `${Math.round((user + system) / 1000)} ${Math.round(process.memoryUsage.rss() / 1e6)}\n`)
  } catch {
    // The kit has ended; the other timer ends this process.
  }
}
