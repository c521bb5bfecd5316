/**
 * `npm run test:lessons`: the proof of the lessons. `-- --all` judges each program more often, `-- --tenth 3` chooses
 * which programs are judged under load; all other arguments are passed to Vitest. `-- --mutants 7` judges the mutants of
 * a solution instead.
 */
import { join } from 'node:path'
import { createCLI } from 'vitest/node'
import { DEPTH, depthFrom } from './depth.ts'
import { proveMutants } from './mutating.ts'

try {
  const args = process.argv.slice(2)
  if (args.includes('--mutants')) process.exit((await proveMutants(args)) ? 0 : 1)
  const { depth, rest } = depthFrom(args)
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
