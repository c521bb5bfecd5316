/**
 * `npm run test:lessons`: the proof of the lessons. `-- --all` judges each program more often, `-- --tenth 3` chooses
 * which programs are judged under load; all other arguments are passed to Vitest.
 */
import { join } from 'node:path'
import { createCLI } from 'vitest/node'
import { DEPTH, depthFrom } from './depth.ts'

try {
  const { depth, rest } = depthFrom(process.argv.slice(2))
  const { solution, variant, mistake, tenth } = depth
  console.log(
    `Judging each solution ${solution}×, each variant ${variant}×, each mistake ${mistake}×, and every tenth program once more under load. ` +
      `The same tenth again: npm run test:lessons -- --tenth ${tenth}`,
  )
  process.env[DEPTH] = JSON.stringify(depth)
  const config = join(import.meta.dirname, 'vitest.config.ts')
  createCLI().parse([process.execPath, 'vitest', 'run', '--config', config, ...rest])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
