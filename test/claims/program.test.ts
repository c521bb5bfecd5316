/** Tests of `npm run claims` as a program, with the claim that takes the least time. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { until } from '../until.ts'
import type { ClaimsReport } from './report.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
/** Marks all processes of this file, so that one that is left over is found. */
const MARK = randomUUID()

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fourwire-claims-'))
  return () => rm(folder, { recursive: true })
})

afterAll(() => until('no process is left over', () => leftOver().length === 0))

test('the quick run of one claim writes its outcome as text, as JSON and as a page', async () => {
  const [json, html] = [join(folder, 'claims.json'), join(folder, 'claims.html')]
  const { code, stdout, stderr } = await run('--only', '6', '--quick', '--json', json, '--html', html)
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'Claim 6 (1 of 1), connections of long polls\n' })
  const report: ClaimsReport = JSON.parse(await readFile(json, 'utf8'))
  expect(report.claims.map(({ number, outcome }) => [number, outcome])).toEqual([[6, 'refuted']])
  const figure = report.claims[0]?.figures[0]
  expect(figure?.what).toBe('connections for each message, plain socket')
  expect(Number(figure?.ours)).toBeLessThan(0.1)
  expect(stdout).toContain('REFUTED: The ordinary clients received 30 messages over')
  expect(await readFile(html, 'utf8')).toContain('<strong>refuted</strong>')
})

test('a wrong option ends the program with exit code 2 and one sentence', async () => {
  const { code, stdout, stderr } = await run('--only', '99')
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr.trim().split('\n')).toEqual([
    '--only is "99". Give numbers of claims from 1 to 7, separated by commas.',
  ])
})

test('its servers end when the program is killed', async () => {
  const child = start('--only', '4', '--quick')
  for await (const line of createInterface(child.stderr)) if (line.startsWith('Claim 4')) break
  await until('a server has started', () => leftOver().length > 1)
  child.kill('SIGKILL')
  await until('no process is left over', () => leftOver().length === 0)
})

function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CLAIMS_TEST: MARK },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args)
  const [stdout, stderr, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

/** Returns the processes of this file that are running; none on a machine without `/proc`. */
function leftOver(): readonly string[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`CLAIMS_TEST=${MARK}`)
    } catch {
      return false
    }
  })
}
