/** A thread of its own: ends the process when whoever started it is gone, even where the program never lets go of its own thread. */
import { parentPort } from 'node:worker_threads'

const parent = process.ppid

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, 500)

parentPort?.postMessage('up')
