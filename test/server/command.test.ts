/** Tests of the command `fourwire`: npx installs the package of `npm pack` and runs it in an empty folder. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { globSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../until.ts'

type Command = ChildProcessByStdio<null, Readable, Readable>

const REPOSITORY = join(import.meta.dirname, '../..')

const COMPARE = ['compare', '--transports', 'sse', '--clients', '5', '--seconds', '1', '--repeat', '1']

/** Time for npm, which installs the package and, for an old Node, downloads a new one. */
const INSTALL_MS = 180_000

/** Time for npx and the programs that it starts. On a busy machine, this takes several times as long as usual. */
const NPX_MS = 90_000

// The path contains spaces, because paths of users do.
const folder = mkdtempSync(join(tmpdir(), 'fourwire a package '))
const cache = join(folder, 'cache')
const here = join(folder, 'present folder')
const running = new Set<Command>()
let tarball: string
/** Folder of the installed package. */
let installed: string

beforeAll(async () => {
  const npmCache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim()
  for (const path of [cache, here, join(npmCache, '_cacache')]) mkdirSync(path, { recursive: true })
  // npm installs into a cache of this test, but takes what it has downloaded before from its usual cache.
  symlinkSync(join(npmCache, '_cacache'), join(cache, '_cacache'))
  const pack = ['pack', '--silent', '--pack-destination', folder]
  tarball = execFileSync('npm', pack, { cwd: REPOSITORY, encoding: 'utf8' }).trim()
  const { code, stderr } = await ended(npx('compare', '--help'))
  expect(code, stderr).toBe(0)
  installed = globSync(join(cache, '_npx/*/node_modules/fourwire'))[0] ?? ''
}, INSTALL_MS)

afterAll(async () => {
  for (const { pid } of running) kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true })
})

test(
  'npx runs a comparison, passes its exit code on, and changes no file of the package',
  async () => {
    const before = filesIn(installed)
    expect(before.length).toBeGreaterThan(100)
    const broken = ['--threshold', 'sse.p99<0.001ms']
    const { code, stdout, stderr } = await ended(npx(...COMPARE, ...broken, '--html', 'report.html'))
    expect(code, stderr).toBe(1)
    expect(stdout).toMatch(/^transport +p50 ms.*\nsse /)
    expect(readFileSync(join(here, 'report.html'), 'utf8')).toContain('<h1>Comparison of transports</h1>')
    expect(filesIn(installed)).toEqual(before)
  },
  NPX_MS,
)

test.each([
  [['compare', '--clients', '0'], /^--clients is "0"\./m],
  [['--port', 'http'], /^--port is "http"/m],
  [['--prot'], /^See fourwire start --help$/m],
  [['lesson', '3'], /^"lesson" needs the repository of Fourwire\. .* npm run lesson /m],
  [['lession'], /^"lession" is no command of Fourwire\. See fourwire --help$/m],
])('the command with the arguments %j ends with exit code 2 and a remedy', async (args, remedy) => {
  const { code, stdout, stderr } = await ended(start(process.execPath, join(installed, 'server/command.js'), ...args))
  expect(stderr).toMatch(remedy)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

test(
  'npx starts the sandbox with all its pages, and Ctrl-C ends every process',
  async () => {
    const command = npx('--port', '0', '--data', ':memory:', '--log', 'error')
    const origin = await originOf(command)
    for (const path of ['/', '/sandbox/main.ts', '/source/server/app.ts', '/lessons/03-short-polling', '/docs/compare'])
      expect((await fetch(origin + path)).status, path).toBe(200)
    // A terminal sends the signal to all processes of the command.
    kill(command.pid, 'SIGINT')
    await until('every process of the command has ended', () => !kill(command.pid, 0))
  },
  NPX_MS,
)

test('the document about comparisons names the file that npm pack writes', () => {
  const document = readFileSync(join(REPOSITORY, 'test/compare/README.md'), 'utf8')
  const named = Array.from(document.matchAll(/fourwire-[\w.-]*\.tgz/g), ([name]) => name)
  expect([...new Set(named)]).toEqual([tarball])
})

const npx = (...args: string[]): Command => start('npx', '--yes', '--prefer-offline', join('..', tarball), ...args)

function start(file: string, ...args: string[]): Command {
  const command = spawn(file, args, {
    cwd: here,
    // The command gets a process group of its own, like a command in a terminal.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_config_cache: cache, XDG_CACHE_HOME: join(cache, 'user') },
  })
  running.add(command)
  return command
}

async function ended(command: Command): Promise<{ code: number; stdout: string; stderr: string }> {
  const { stdout, stderr } = command
  const [printed, said, [code]] = await Promise.all([textOf(stdout), textOf(stderr), once(command, 'exit')])
  return { code, stdout: printed, stderr: said }
}

/** Sends a signal to all processes of a command. Returns false if all of them have ended. */
function kill(pid = 0, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

async function originOf({ stdout }: Command): Promise<string> {
  for await (const line of createInterface(stdout)) {
    const [, port] = /^Fourwire is at http:\S+:(\d+)/.exec(line) ?? []
    if (port !== undefined) return `http://127.0.0.1:${port}`
  }
  throw new Error('The server ended without saying where it is.')
}

/** Returns each file with its size and the time of its last change. */
function filesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => {
    const { size, mtimeMs } = lstatSync(join(root, file))
    return `${file} ${size} ${mtimeMs}`
  })
}
