/** Progress, work, watching and the two commands. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exercisesIn, folderOf, lessonOf } from '../../lessons/kit/course.ts'
import { packagesIn } from '../../lessons/kit/doctor.ts'
import { progressIn } from '../../lessons/kit/progress.ts'
import type { LessonState } from '../../lessons/kit/runner.ts'
import { courseText, screenful, stateText } from '../../lessons/kit/screen.ts'
import { watchFolder } from '../../lessons/kit/watch.ts'
import { until } from '../until.ts'
import { folderWith } from './program.ts'

const KIT = join(import.meta.dirname, '../../lessons/kit')

test('progress keeps what it does not know, and the first time', async () => {
  await using folder = await folderWith('progress.json', '{"99-of-a-later-version":{"stars":3}}')
  const file = join(folder.path, 'progress.json')
  const progress = progressIn(file, folder.path)
  progress.finish('03-short-polling')
  const first = readFileSync(file, 'utf8')
  progress.finish('03-short-polling')
  expect(readFileSync(file, 'utf8')).toBe(first)
  expect(JSON.parse(first)).toEqual({
    '99-of-a-later-version': { stars: 3 },
    '03-short-polling': { doneAt: expect.stringMatching(/^\d{4}-/) },
  })
  expect(progress.isDone('03-short-polling')).toBe(true)
})

test('a reset of the progress keeps a copy and says where; of one lesson it keeps the others', async () => {
  await using folder = await folderWith('progress.json', '{"a":1,"b":2}')
  const file = join(folder.path, 'progress.json')
  const progress = progressIn(file, join(folder.path, 'backups'))
  const backup = progress.reset('a')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ b: 2 })
  expect(JSON.parse(readFileSync(backup ?? '', 'utf8'))).toEqual({ a: 1, b: 2 })
  progress.reset()
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({})
  expect(progress.reset()).toBeNull()
})

test('a progress file that cannot be read is put aside, not overwritten', async () => {
  await using folder = await folderWith('progress.json', '{"a":')
  const backups = join(folder.path, 'backups')
  progressIn(join(folder.path, 'progress.json'), backups).finish('b')
  expect(existsSync(backups)).toBe(true)
  expect(JSON.parse(readFileSync(join(folder.path, 'progress.json'), 'utf8'))).toHaveProperty('b')
})

test('the doctor names a package that is missing, and one that an update wants in another version', async () => {
  await using folder = await folderWith(
    'package.json',
    '{"dependencies":{"ws":"2.0.0"},"devDependencies":{"knip":"1.0.0"}}',
  )
  const said = () => packagesIn(folder.path).said
  expect(said()).toBe('ws is missing, and 1 more. Run npm ci.')
  for (const name of ['ws', 'knip']) mkdirSync(join(folder.path, 'node_modules', name), { recursive: true })
  writeFileSync(join(folder.path, 'node_modules/knip/package.json'), '{"version":"1.0.0"}')
  writeFileSync(join(folder.path, 'node_modules/ws/package.json'), '{"version":"1.0.0"}')
  expect(said()).toBe('ws is 1.0.0 and should be 2.0.0. Run npm ci.')
  writeFileSync(join(folder.path, 'node_modules/ws/package.json'), '{"version":"2.0.0"}')
  expect(packagesIn(folder.path)).toMatchObject({ isWell: true, said: 'installed' })
})

test('a save is noticed by an event, long before the next look', async () => {
  await using folder = await folderWith('a.ts', '1')
  let saves = 0
  const watcher = watchFolder(folder.path, () => (saves += 1), 60_000)
  writeFileSync(join(folder.path, 'a.ts'), '22')
  await until('it is noticed', () => saves === 1)
  expect(watcher.by).toBe('events')
  writeFileSync(join(folder.path, 'a.ts'), '333')
  await until('it is noticed again', () => saves === 2)
  watcher.stop()
})

test('a save is noticed where no event tells of it', async () => {
  await using folder = await folderWith('a.ts', '1')
  let saves = 0
  // A folder made by another name is watched by nobody, as on a file system without events.
  const watcher = watchFolder(join(folder.path, 'later'), () => (saves += 1), 20)
  mkdirSync(join(folder.path, 'later'))
  await until('it is noticed', () => saves >= 1)
  expect(watcher.by).toBe('polling')
  watcher.stop()
})

test('check answers by its exit code, with JSON alone on stdout', async () => {
  const passed = await run('check.ts', '3', '--dir', 'solution', '--json')
  expect(passed.code).toBe(0)
  const rows: { verdict: string }[] = JSON.parse(passed.stdout)
  expect(rows.length).toBeGreaterThan(5)
  expect(rows.every(({ verdict }) => verdict === 'pass')).toBe(true)
  const failed = await run('check.ts', '3', '--dir', 'mistakes/empty-list')
  expect(failed.code).toBe(1)
  expect(failed.stdout).toMatch(
    /^fail {12}03-short-polling {2}short-poll {2}\d+ of \d+ checks pass; first: nothing-new$/m,
  )
  expect(failed.stdout).not.toContain('\x1b')
})

test('a mistake is judged by the files that it holds, and one without any is an error', async () => {
  const lesson = lessonOf('13')
  const namesOf = async (folder: string) => (await exercisesIn(lesson, folder)).map(({ name }) => name)
  expect(await namesOf(folderOf(lesson, 'mistakes/a-polite-end'))).toEqual(['heartbeat'])
  const { code, stdout, stderr } = await run('check.ts', '13', '--dir', 'mistakes/nothing-at-all')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^There is no client\.ts and no heartbeat\.ts in .*nothing-at-all\./)
})

test('a student’s own folder, start and solution are judged by every file of the lesson, though one is missing', async () => {
  const lesson = lessonOf('13')
  await using folder = await folderWith('heartbeat.ts', '')
  for (const dir of [undefined, 'start', 'solution', folder.path]) {
    const names = (await exercisesIn(lesson, folderOf(lesson, dir))).map(({ name }) => name)
    expect(names, dir).toEqual(['client', 'heartbeat'])
  }
})

test('check and lesson refuse what they do not know, with 2 and a word of what there is', async () => {
  for (const [entry, ...args] of [
    ['check.ts', '77'],
    ['check.ts', '--every'],
    ['check.ts'],
    ['lesson.ts', '77'],
  ] as const) {
    const { code, stderr } = await run(entry, ...args)
    expect(code, `${entry} ${args.join(' ')}`).toBe(2)
    expect(stderr).toMatch(/There are: \d\d-|npm run check/)
  }
})

test('the screen always says where to edit, what goes on, how saves are noticed and which keys there are', () => {
  const style = { strong: (text: string) => text, inverse: (text: string) => text, faint: (text: string) => text }
  const state: LessonState = {
    lesson: '03-short-polling',
    title: 'How often?',
    folder: '/home/ada/work/03-short-polling',
    files: ['short-poll.ts'],
    is: 'starting',
    said: 'Starting the sandbox.',
    page: null,
    look: null,
    isServer: true,
    beside: null,
    yours: null,
    transport: null,
    noticing: 'polling',
    results: [],
    checkedAtMs: null,
    rungs: 1,
    output: 'hello',
    course: [],
  }
  const text = stateText(state, style)
  for (const part of ['short-poll.ts', 'starting', 'Starting the sandbox.', 'by polling', 'r run', 'q quit', '| hello'])
    expect(text).toContain(part)
  expect(text).toContain('Yours  does not run')
  const at = (port: number) => stateText({ ...state, page: `http://localhost:${port}/lessons/03-short-polling` }, style)
  expect([at(3000), at(4321)].map((shown) => shown.includes('port 3000 is in use'))).toEqual([false, true])
  expect(stateText({ ...state, isServer: false }, style)).not.toContain('Yours')
})

test('a list has a gap behind its longest name', () => {
  const names = ['01-short', '06-building-an-sse-endpoint']
  const text = courseText(
    names.map((name) => ({ name, title: 'What?', isDone: false })),
    null,
  )
  for (const line of text.split('\n')) expect(line).toMatch(/ {2}What\?$/)
})

test('on a small screen head and keys stand still, and the middle comes in parts', () => {
  const body = Array.from({ length: 20 }, (_none, i) => `line ${i}`)
  const parts = { head: ['title'], body, foot: ['keys'] }
  const first = screenful(parts, 0, 10).text.split('\n')
  expect(first).toHaveLength(10)
  expect([first[0], first[1], first.at(-1)]).toEqual(['title', 'line 0', 'keys'])
  expect(first.at(-2)).toContain('13 more lines: press space')
  const last = screenful(parts, 14, 10).text.split('\n')
  expect(last.slice(0, 3)).toEqual(['title', 'line 14', 'line 15'])
  expect(last.at(-1)).toBe('keys')
  // What fits is shown as it is.
  expect(screenful({ ...parts, body: ['line'] }, 0, 10).text).toBe('title\nline\nkeys')
})

async function run(entry: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [join(KIT, entry), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}
