/** Measures the time from the command until the page is served. Prints a line for the Measured section of test/README.md. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../lessons/kit/port.ts'
import { median } from '../compare/median.ts'

const RUNS = 7

const took: number[] = []
for (let run = 0; run < RUNS; run++) took.push(await startMs())
console.log(
  `npm start to the page: median ${median(took).toFixed(0)} ms, ${Math.min(...took).toFixed(0)} to ${Math.max(...took).toFixed(0)} (n ${RUNS})`,
)

async function startMs(): Promise<number> {
  const port = await freePort()
  const began = performance.now()
  const npm = spawn('npm', ['start', '--', '--port', String(port), '--data', ':memory:'], {
    stdio: 'ignore',
    detached: true,
  })
  while (!(await isServed(port)));
  const tookMs = performance.now() - began
  if (npm.pid !== undefined) process.kill(-npm.pid, 'SIGTERM')
  await once(npm, 'exit')
  return tookMs
}

async function isServed(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`)).ok
  } catch {
    return false
  }
}
