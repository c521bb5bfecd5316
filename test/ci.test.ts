/** Tests of the parts of `.ci/run`: a failed stage fails the whole run, and the last line names it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from './until.ts'

const REPOSITORY = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(REPOSITORY, path), 'utf8')

test('test/README.md lists every suite, and CI runs the test command of the README and every listed suite', () => {
  expect(read('README.md')).toContain('\nnpm ci && npm test\n')
  const [, section = ''] = /^## Suites$(.*?)^## /ms.exec(read('test/README.md')) ?? []
  const commands = Array.from(section.matchAll(/^\| `(npm (?:test|run [\w:]+))/gm), ([, command = '']) => command)
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts).filter((name) => /^test(?::|$)/.test(name))
  const suites = scripts.map((name) => (name === 'test' ? 'npm test' : `npm run ${name}`))
  expect(suites.filter((suite) => !commands.includes(suite))).toEqual([])
  const run = read('.ci/run')
  expect(run).toContain("stage 'npm ci && npm test'\n")
  expect(commands.filter((command) => !run.includes(command))).toEqual([])
  // CI runs the projects of the conformance suite one by one, so it must name all of them.
  const projects = read('test/conformance/vitest.config.ts').matchAll(/name: '(\w+)'/g)
  for (const [, name] of projects) expect(run).toContain(`npm run test:lines -- --project ${name}`)
})

describe.skipIf(process.platform !== 'linux')('the stages of CI (skipped on other systems than Linux)', () => {
  test('end the run with exit code 0 and show the time of each stage if all pass', () => {
    const { status, stdout } = ran(`stage 'echo one'\nbeside 'echo two' 'echo three'`)
    expect(status).toBe(0)
    for (const word of ['one', 'two', 'three']) expect(stdout).toMatch(new RegExp(`^${word}$`, 'm'))
    expect(stdout).toMatch(/^== Passed:\n(?: +\d+ s {2}echo (?:one|two|three)\n){3}== CI passed in \d+ s\.\n$/m)
  })

  test('stop at the first stage that fails, and the last line has the name and the exit code of this stage', () => {
    const { status, stdout } = ran(`stage 'echo one'\nstage 'echo two; exit 3'\nstage 'echo never'`)
    expect(status).toBe(1)
    expect(stdout).not.toContain('never')
    expect(stdout).toMatch(/^ +\d+ s {2}echo one\n== CI FAILED after \d+ s: echo two; exit 3 \(exit code 3\)\n$/m)
  })

  test('that run side by side each print their output and errors in one piece', () => {
    const slow = 'echo slow 1; sleep 0.3; echo slow 2'
    const { stdout } = ran(`beside '${slow}' 'echo quick 1 >&2; sleep 0.1; echo quick 2'`)
    expect(stdout).toMatch(/^quick 1\nquick 2$.*^slow 1\nslow 2$/ms)
  })

  test('end together with their children if a parallel stage fails, and print the output that they had so far before the output of the failed one', () => {
    const { status, stdout } = ran(`beside 'echo begun; sleep 300 & wait' 'sleep 0.2; echo why; exit 4'`)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^== Ended before it was over: .*^begun$.*^why$/ms)
    expect(stdout).toMatch(/\n== CI FAILED after \d+ s: sleep 0.2; echo why; exit 4 \(exit code 4\)\n$/)
  })

  test('end together with their children if they exceed the time limit, and the last line names them', async () => {
    const { status, stdout } = ran(`STAGE_LIMIT_S=0\nstage 'sleep 302 & echo "child $!"; wait'`)
    expect(status).toBe(1)
    expect(stdout).toMatch(/\n== CI FAILED after \d+ s: sleep 302 .*, still running after 0 s\n$/)
    const pid = Number(/^child (\d+)$/m.exec(stdout)?.[1])
    await until('the child process has ended', () => !isAlive(pid))
  })

  test('end together with their children if the run is interrupted, and the run then fails', async () => {
    const script = `source .ci/stages\nstage 'sleep 301 & echo "child $!"; wait'`
    const child = spawn('bash', ['-c', script], { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'ignore'] })
    const exit = once(child, 'exit')
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    const pid = Number(await until('the child process has started', () => /^child (\d+)$/m.exec(said)?.[1]))
    child.kill('SIGTERM')
    expect(await exit).toEqual([143, null])
    expect(said).toMatch(/\n== CI FAILED after \d+ s: it was interrupted\n$/)
    await until('the child process has ended', () => !isAlive(pid))
  })
})

function ran(script: string) {
  return spawnSync('bash', ['-c', `source .ci/stages\n${script}`], { cwd: REPOSITORY, encoding: 'utf8' })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
