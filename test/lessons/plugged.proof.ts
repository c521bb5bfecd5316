/** A student's finished transport takes the sandbox's own place by being copied there, and the sandbox's own suites hold for it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REPOSITORY, exercisesOf, lessons } from '../../lessons/kit/course.ts'

/** The suites that drive a transport from outside, and what the tests of each transport are called in them. */
const SUITES = [
  'test/conformance/conformance.test.ts',
  'test/server/interface.test.ts',
  'test/server/transports/gone.test.ts',
]
const NAMES: Readonly<Record<string, string>> = {
  'short-poll': 'short-poll|^poll |short poll',
  'long-poll': 'long-poll|long poll',
  sse: 'sse|event stream',
  ws: 'ws|WebSocket',
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
  '$lesson: the solution is plugged in as $name, and the sandbox\u2019s suites hold',
  async ({ name, file }) => {
    const copy = mkdtempSync(join(tmpdir(), 'fourwire-plugged-'))
    try {
      for (const part of ['server', 'web', 'test', 'package.json', 'tsconfig.json'])
        cpSync(join(REPOSITORY, part), join(copy, part), { recursive: true })
      symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'))
      const reference = join(copy, 'server/transports', `${name}.ts`)
      expect(existsSync(reference)).toBe(true)
      copyFileSync(file, reference)
      const { code, said } = await vitest(copy, '-t', NAMES[name] ?? name, ...SUITES)
      expect(code, said).toBe(0)
      expect(Number(/Tests .*?(\d+) passed/.exec(said)?.[1])).toBeGreaterThan(8)
    } finally {
      rmSync(copy, { recursive: true })
    }
  },
  300_000,
)

async function vitest(home: string, ...args: readonly string[]) {
  const config = ['run', '--config', 'test/vitest.config.ts']
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...config, ...args], {
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
