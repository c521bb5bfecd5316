#!/usr/bin/env node
// The command `fourwire` of an installed package. It chooses a program by its first argument, and `launch.js` runs this
// program. It is plain JavaScript, so every Node from version 20 on can read it.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BAD_USAGE = 2

/** Scripts of the repository that people may try with an installed package. */
const OF_THE_REPOSITORY = ['lesson', 'look', 'check', 'test', 'dev', 'bench', 'chaos']

const HELP = `Fourwire: one chat feed by short polling, long polling, SSE and WebSocket, measured truthfully.

  fourwire [flags]            starts the sandbox: a server with pages
  fourwire compare [options]  compares the transports of a server

  fourwire start --help       prints the flags of the sandbox
  fourwire compare --help     prints the options of the comparison
  fourwire --help             prints this text

The lessons need the repository of Fourwire, because you write programs in it.`

const [first = '', ...others] = process.argv.slice(2)
const isFlag = first === '' || first.startsWith('-')

if (first === '--help' || first === '-h') process.stdout.write(`${HELP}\n`)
else if (isFlag) await run('server/main.ts', process.argv.slice(2))
else if (first === 'start') await run('server/main.ts', others)
else if (first === 'compare') await run('test/compare/main.ts', others)
else {
  console.error(
    OF_THE_REPOSITORY.includes(first)
      ? `"${first}" needs the repository of Fourwire. Get the repository, and run npm run ${first} in its folder.`
      : `"${first}" is no command of Fourwire. See fourwire --help`,
  )
  process.exitCode = BAD_USAGE
}

/** Runs a program by `launch.js`, which reads its arguments from `process.argv`. */
async function run(program, args) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  process.argv.splice(2, Infinity, join(root, program), ...args)
  await import('./launch.js')
}
