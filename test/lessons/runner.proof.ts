/** The runner as a student has it, without a terminal. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../until.ts'
import { folderWith, lessonOf } from './program.ts'

/** Four processes start, on a machine that may have other things to do. */
const STARTS_MS = 60_000

const KIT = join(import.meta.dirname, '../../lessons/kit')

test('a lesson copies its start once, checks it, checks again on a save, and leaves nothing when interrupted', async () => {
  await using home = await folderWith('readme', '')
  const { name, folder } = lessonOf('3')
  const file = join(home.path, name, 'short-poll.ts')
  const env = { ...process.env, FOURWIRE_WORK: home.path, FOURWIRE_PROGRESS: join(home.path, 'progress.json') }
  const child = spawn(process.execPath, [join(KIT, 'lesson.ts'), '3'], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  try {
    await until('it has checked', () => said.includes('checks pass.'), STARTS_MS)
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(join(folder, 'start/short-poll.ts'), 'utf8'))
    const [, page = ''] = /^Look (http:\/\/localhost:\d+)/m.exec(said) ?? []
    const [, yours = ''] = /^Yours (http:\/\/localhost:\d+)/m.exec(said) ?? []
    said = ''
    writeFileSync(file, readFileSync(join(folder, 'solution/short-poll.ts')))
    await until('it has checked again', () => said.includes('checks pass.'), STARTS_MS)
    expect(said).toContain('10 of 10 checks pass.')
    expect(said).not.toContain('\x1b')
    const event = await publish(page)
    // Lane and reference have the same events under the same ids.
    const read = async () => (await (await fetch(`${yours}/feed/lobby/poll?after=0`)).json()).events
    expect(await read()).toEqual([event])
    const second = await publish(page)
    await until('it has followed', async () => (await read()).length === 2)
    expect(await read()).toEqual([event, second])
    expect(JSON.parse(readFileSync(env.FOURWIRE_PROGRESS, 'utf8'))).toHaveProperty(name)
  } finally {
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  }
})

async function publish(origin: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ user: 'Ada', text: 'hello' })
  return (await fetch(`${origin}/feed/lobby`, { method: 'POST', headers, body })).json()
}

test('check counts a lesson as done where its work passes, and reset begins only that anew which was begun', async () => {
  await using home = await folderWith('readme', '')
  const { name, folder } = lessonOf('3')
  const env = { ...process.env, FOURWIRE_WORK: home.path, FOURWIRE_PROGRESS: join(home.path, 'progress.json') }
  cpSync(join(folder, 'solution'), join(home.path, name), { recursive: true })
  const kit = (entry: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(KIT, entry), ...args], { env, encoding: 'utf8' })
  expect(kit('check.ts', '3').status).toBe(0)
  expect(kit('lesson.ts', 'list').stdout).toMatch(new RegExp(`\u2713 +${name}`))
  const { stdout } = kit('lesson.ts', 'reset', '--all')
  const [, backup = ''] = /what you had is in (.*)$/m.exec(stdout) ?? []
  expect(readdirSync(backup)).toEqual(['short-poll.ts'])
  expect(readdirSync(home.path).filter((entry) => /^\d/.test(entry))).toEqual([name])
  expect(JSON.parse(readFileSync(env.FOURWIRE_PROGRESS, 'utf8'))).toEqual({})
})
