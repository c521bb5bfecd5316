/** Copies the lessons' finished transports over the sandbox's own ones, and runs the sandbox's own suites on them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REPOSITORY, exercisesOf, lessonOf, lessons } from '../../lessons/kit/course.ts'

/** Suites that drive a transport from outside. */
const SUITES = [
  'test/conformance/conformance.test.ts',
  'test/server/interface.test.ts',
  'test/server/transports/gone.test.ts',
]
/** Patterns of the titles that the tests of each transport have in these suites. */
const NAMES: Readonly<Record<string, string>> = {
  'short-poll': 'short-poll|^poll |short poll',
  'long-poll': 'long-poll|long poll',
  sse: 'sse over|an event stream|/feed/lobby/sse that disconnects',
  ws: 'ws over',
}

const plugs = await Promise.all(
  lessons().map(async (lesson) => {
    const exercises = await exercisesOf(lesson)
    return exercises
      .filter(({ hosted, name }) => hosted.kind === 'transport' && name in NAMES)
      .map(({ name }) => ({ lesson: lesson.name, name, file: join(lesson.folder, 'solution', `${name}.ts`) }))
  }),
)

test.each(plugs.flat())(
  '$lesson: the sandbox\u2019s suites pass with the solution in the place of its $name',
  async ({ name, file }) => {
    await using copy = copied()
    const reference = join(copy.path, 'server/transports', `${name}.ts`)
    expect(existsSync(reference)).toBe(true)
    copyFileSync(file, reference)
    const { code, said } = await vitest(copy.path, 'test/vitest.config.ts', '-t', NAMES[name] ?? name, ...SUITES)
    expect(code, said).toBe(0)
    expect(Number(/Tests .*?(\d+) passed/.exec(said)?.[1])).toBeGreaterThan(8)
  },
  300_000,
)

test('lesson 18: with the solution as its fall-back, the board changes to worse and to better transports', async () => {
  await using copy = copied()
  copyFileSync(join(lessonOf('18').folder, 'solution/fallback.ts'), join(copy.path, 'web/board/fallback.ts'))
  // The solution gives a shorter reason.
  const suite = join(copy.path, 'test/browser/board-line.test.ts')
  writeFileSync(suite, readFileSync(suite, 'utf8').replace('given up: the connection was cut', 'given up:'))
  const names = 'falls back to|works over (?:ws|short-poll) alone'
  const config = 'test/browser/vitest.config.ts'
  const { code, said } = await vitest(copy.path, config, '-t', names, 'test/browser/board-line.test.ts')
  expect(code, said).toBe(0)
  expect(Number(/Tests .*?(\d+) passed/.exec(said)?.[1])).toBe(4)
}, 300_000)

/** Copies the parts of the repository that its suites need to a new folder. */
function copied(): AsyncDisposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'fourwire-plugged-'))
  for (const part of ['server', 'web', 'test', 'package.json', 'tsconfig.json'])
    cpSync(join(REPOSITORY, part), join(path, part), { recursive: true })
  symlinkSync(join(REPOSITORY, 'node_modules'), join(path, 'node_modules'))
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true }) }
}

async function vitest(home: string, config: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...args], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'close')
  return { code, said }
}
