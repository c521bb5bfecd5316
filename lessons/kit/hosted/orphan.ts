/**
 * A thread of its own beside the program's: ends the process when whoever started it is gone, even where the program
 * never lets go of its own thread. Given a pipe, it tells by its pulse that the process gets its share of the machine,
 * and what it has used of it.
 */
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const PULSE_MS = 100

const parent = process.ppid

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, 500)

if (typeof workerData === 'number') setInterval(pulse, PULSE_MS, workerData)

parentPort?.postMessage('up')

function pulse(pipe: number): void {
  const { user, system } = process.cpuUsage()
  try {
    writeSync(pipe, `${Math.round((user + system) / 1000)}\n`)
  } catch {
    // Whoever listened is gone, and the other timer ends the process.
  }
}
