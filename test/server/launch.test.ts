import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const LAUNCH = join(import.meta.dirname, '../../server/launch.js')

const folder = await mkdtemp(join(tmpdir(), 'fourwire-launch-'))
afterAll(() => rm(folder, { recursive: true }))

async function launch(node: string, program: string, ...args: string[]) {
  const file = join(folder, 'program.ts')
  await writeFile(file, program)
  return spawn(node, [LAUNCH, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The Node that a user's shell finds, where it is one that the launcher has to replace. */
function oldNode(): string | null {
  // npm puts its own folders first; what lies behind them is the user's.
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

test('runs a program with types and its arguments, on this Node where it is new enough', async () => {
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
  'on an older Node it brings the pinned one (skipped where the Node on the PATH is new enough)',
  async () => {
    const child = await launch(host ?? '', 'console.log(process.version as string)')
    const [line] = await once(child.stdout, 'data')
    expect(Number(/^v(\d+)/.exec(String(line))?.[1])).toBeGreaterThanOrEqual(24)
  },
  120_000,
)

test.each([0, 3])('hands on the exit code %i', async (code) => {
  const child = await launch(process.execPath, `process.exitCode = ${code} as number`)
  expect(await once(child, 'exit')).toEqual([code, null])
})

test('hands SIGTERM on and waits for the program to end in its own way', async () => {
  const child = await launch(
    process.execPath,
    'process.on("SIGTERM", () => { process.exit(7 as number) }); setInterval(() => {}, 1000); console.log("up")',
  )
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([7, null])
})
