/** Tests the runner as a student uses it, but without a terminal. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mistakesOf, programOf } from '../../lessons/kit/mistakes.ts'
import { until } from '../until.ts'
import { folderWith, lessonOf } from './program.ts'

/** Time limit for the start of four processes on a busy machine. */
const STARTS_MS = 60_000

const KIT = join(import.meta.dirname, '../../lessons/kit')

test('the runner copies the start once, checks it, checks it again after a save, and ends with 0 when it is interrupted', async () => {
  await using home = await folderWith('readme', '')
  const { name, folder } = lessonOf('3')
  const file = join(home.path, name, 'short-poll.ts')
  const env = { ...process.env, FOURWIRE_WORK: home.path, FOURWIRE_PROGRESS: join(home.path, 'progress.json') }
  const child = spawn(process.execPath, [join(KIT, 'lesson.ts'), '3'], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  try {
    await until('the runner has checked the program', () => said.includes('checks pass.'), STARTS_MS)
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(join(folder, 'start/short-poll.ts'), 'utf8'))
    const [, page = ''] = /^Look (http:\/\/localhost:\d+)/m.exec(said) ?? []
    const [, yours = ''] = /^Yours (http:\/\/localhost:\d+)/m.exec(said) ?? []
    said = ''
    cpSync(join(folder, 'solution'), join(home.path, name), { recursive: true })
    await until('the runner has checked the program again', () => said.includes('checks pass.'), STARTS_MS)
    expect(said).toMatch(/(\d+) of \1 checks pass\./)
    expect(said).not.toContain('\x1b')
    const event = await publish(page)
    // The lane has the events of the reference, with the same ids.
    const read = async () => (await (await fetch(`${yours}/feed/lobby/poll?after=0`)).json()).events
    expect(await read()).toEqual([event])
    const second = await publish(page)
    await until('the lane has received both events', async () => (await read()).length === 2)
    expect(await read()).toEqual([event, second])
    expect(JSON.parse(readFileSync(env.FOURWIRE_PROGRESS, 'utf8'))).toHaveProperty(name)
  } finally {
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  }
})

test.each([
  ['its number', ['hunt', '3', '1']],
  ['the name of its bug', ['3', '--mistake', 'compared-as-text']],
])(
  'a bug hunt by %s shows the story only after the bug is found, and does not change the student\u2019s own work',
  async (_, args) => {
    await using home = await folderWith('readme', '')
    const lesson = lessonOf('3')
    const { name, folder } = lesson
    const [mistake] = mistakesOf(lesson)
    if (mistake?.name !== 'compared-as-text') throw new Error('The first mistake of lesson 3 has another name now.')
    const own = join(home.path, name, 'short-poll.ts')
    const hunted = join(home.path, 'hunts', name, 'short-poll.ts')
    const progress = join(home.path, 'progress.json')
    mkdirSync(join(home.path, name))
    writeFileSync(own, 'my own work')
    writeFileSync(progress, JSON.stringify({ [name]: { doneAt: '2027-01-01T00:00:00Z' } }))
    const env = { ...process.env, FOURWIRE_WORK: home.path, FOURWIRE_PROGRESS: progress }
    const child = spawn(process.execPath, [join(KIT, 'lesson.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    try {
      await until('the runner has checked the program', () => said.includes('checks pass.'), STARTS_MS)
      expect(said).toMatch(/^Bug hunt 1 of \d+\. The solution with one bug is in /m)
      expect(said).not.toContain(mistake.story)
      expect(said).not.toContain('Hint 1')
      if (args[0] === 'hunt') expect(said).not.toContain(mistake.name)
      expect(readFileSync(hunted, 'utf8')).toBe(programOf(lesson, mistake).get('short-poll.ts'))
      writeFileSync(hunted, readFileSync(join(folder, 'solution/short-poll.ts')))
      await until('the runner reports the bug as found', () => said.includes('Found: all checks pass.'), STARTS_MS)
      expect(said).toContain(mistake.story)
      expect(JSON.parse(readFileSync(progress, 'utf8'))).toEqual({
        [name]: { doneAt: '2027-01-01T00:00:00Z' },
        [`${name}/hunts`]: { [mistake.name]: expect.stringMatching(/^\d{4}-/) },
      })
      expect(readFileSync(own, 'utf8')).toBe('my own work')
    } finally {
      child.kill('SIGINT')
      await once(child, 'exit')
    }
  },
)

async function publish(origin: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ user: 'Ada', text: 'hello' })
  return (await fetch(`${origin}/feed/lobby`, { method: 'POST', headers, body })).json()
}

test('check marks a lesson as done if the student\u2019s work passes, and reset restores only lessons that were begun', async () => {
  await using home = await folderWith('readme', '')
  const { name, folder } = lessonOf('3')
  const env = { ...process.env, FOURWIRE_WORK: home.path, FOURWIRE_PROGRESS: join(home.path, 'progress.json') }
  cpSync(join(folder, 'solution'), join(home.path, name), { recursive: true })
  const kit = (entry: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(KIT, entry), ...args], { env, encoding: 'utf8' })
  expect(kit('check.ts', '3').status).toBe(0)
  expect(kit('lesson.ts', 'list').stdout).toMatch(new RegExp(`\u2713 +${name}`))
  const { stdout } = kit('lesson.ts', 'reset', '--all')
  const [, backup = ''] = /your earlier work is in (.*)$/m.exec(stdout) ?? []
  expect(readdirSync(backup)).toEqual(['client.ts', 'short-poll.ts'])
  expect(readdirSync(home.path).filter((entry) => /^\d/.test(entry))).toEqual([name])
  expect(JSON.parse(readFileSync(env.FOURWIRE_PROGRESS, 'utf8'))).toEqual({})
})
