/** Bug hunts: their order, the place of their files, and the student's own work. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lessonOf } from '../../lessons/kit/course.ts'
import { mistakesOf, programOf } from '../../lessons/kit/mistakes.ts'
import { backupPath, progressIn } from '../../lessons/kit/progress.ts'
import { courseText } from '../../lessons/kit/screen.ts'
import { folderWith } from './program.ts'
import { runKit } from './run-kit.ts'

const LESSON = lessonOf('1')
const FILE = 'model.ts'
const [FIRST, SECOND] = mistakesOf(LESSON)

/** Creates a student's folder `work/`, and loads the kit's modules, which read its path from the environment. */
async function student() {
  const home = await folderWith('readme', '')
  onTestFinished(() => home[Symbol.asyncDispose]())
  const env = { FOURWIRE_WORK: join(home.path, 'work'), FOURWIRE_PROGRESS: join(home.path, 'progress.json') }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.resetModules()
  const kit = { ...(await import('../../lessons/kit/hunt.ts')), ...(await import('../../lessons/kit/work.ts')) }
  const progress = progressIn(env.FOURWIRE_PROGRESS, join(home.path, 'work/backups'))
  const hunts = join(env.FOURWIRE_WORK, 'hunts')
  return { ...kit, env, work: env.FOURWIRE_WORK, hunts, file: join(hunts, LESSON.name, FILE), progress }
}

const written = (mistake = FIRST) => mistake && programOf(LESSON, mistake).get(FILE)

test('hunts are offered in the order of the list until all bugs are found', async () => {
  const { nextHunt, huntPlace, huntNumbered, progress } = await student()
  const next = () => nextHunt(LESSON, progress)?.mistake.name
  expect(next()).toBe(FIRST?.name)
  // A hunt that was begun continues, even if it is not the first.
  huntPlace(huntNumbered(LESSON, '2'), progress).begin()
  expect(next()).toBe(SECOND?.name)
  progress.find(LESSON.name, SECOND?.name ?? '')
  expect(next()).toBe(FIRST?.name)
  for (const { name } of mistakesOf(LESSON)) progress.find(LESSON.name, name)
  expect(next()).toBeUndefined()
})

test('a hunt writes the whole broken program beside the student’s work, without the name of its mistake', async () => {
  const { workPlace, huntPlace, huntNumbered, progress, work, hunts, file } = await student()
  workPlace(LESSON).begin()
  writeFileSync(join(work, LESSON.name, FILE), 'my own work')
  const place = huntPlace(huntNumbered(LESSON, '1'), progress)
  expect([place.begin(), readFileSync(file, 'utf8')]).toEqual([true, written()])
  expect(readFileSync(join(work, LESSON.name, FILE), 'utf8')).toBe('my own work')
  for (const path of readdirSync(hunts, { recursive: true, encoding: 'utf8' })) {
    expect(path).not.toContain(FIRST?.name)
    if (path !== LESSON.name) expect(readFileSync(join(hunts, path), 'utf8')).not.toContain(FIRST?.name)
  }
})

test('if an update has added a file to a lesson, only this file is copied to the student’s work', async () => {
  const { workPlace, work } = await student()
  const lesson = lessonOf('3')
  const place = workPlace(lesson)
  expect(place.begin()).toBe(true)
  const file = (name: string) => join(work, lesson.name, name)
  writeFileSync(file('short-poll.ts'), 'my own work')
  rmSync(file('client.ts'))
  expect(place.begin()).toBe(false)
  expect(readFileSync(file('short-poll.ts'), 'utf8')).toBe('my own work')
  expect(readFileSync(file('client.ts'), 'utf8')).toBe(readFileSync(join(lesson.folder, 'start/client.ts'), 'utf8'))
})

test('a hunt continues with the student’s changes, which are copied before a new hunt or a reset replaces them', async () => {
  const { huntPlace, huntNumbered, progress, file } = await student()
  const [first, second] = ['1', '2'].map((number) => huntPlace(huntNumbered(LESSON, number), progress))
  const edit = (text: string) => writeFileSync(file, text)
  const copies = () => {
    const backups = join(file, '../../../backups')
    const folders = existsSync(backups) ? readdirSync(backups).filter((name) => name.startsWith('hunt-')) : []
    return folders.map((name) => readFileSync(join(backups, name, FILE), 'utf8')).toSorted()
  }
  first?.begin()
  edit('a')
  expect([first?.begin(), readFileSync(file, 'utf8'), copies()]).toEqual([false, 'a', []])
  expect([second?.begin(), readFileSync(file, 'utf8'), copies()]).toEqual([true, written(SECOND), ['a']])
  edit('b')
  expect(readFileSync(join(second?.reset() ?? '', FILE), 'utf8')).toBe('b')
  edit('c')
  progress.find(LESSON.name, SECOND?.name ?? '')
  expect([second?.begin(), readFileSync(file, 'utf8'), copies()]).toEqual([true, written(SECOND), ['a', 'b', 'c']])
})

test('a lesson is not done because its bug was found, and a reset of the lesson deletes this record', async () => {
  const { progress } = await student()
  progress.find('a', 'bug')
  expect([progress.hasFound('a', 'bug'), progress.hasFound('b', 'bug'), progress.isDone('a')]).toEqual([
    true,
    false,
    false,
  ])
  progress.finish('b')
  progress.reset('a')
  expect([progress.hasFound('a', 'bug'), progress.isDone('b')]).toEqual([false, true])
})

test('the list of lessons offers bug hunts only for lessons that are done', () => {
  const lesson = (name: string, isDone: boolean, found: number) => ({
    name,
    title: 'Why?',
    isDone,
    bugs: { found, of: 3 },
  })
  const lines = courseText([lesson('01-a', true, 1), lesson('02-b', true, 3), lesson('03-c', false, 0)], null).split(
    '\n',
  )
  expect(lines.map((line) => line.trim())).toEqual([
    '✓   01-a  Why?',
    '1 of 3 bugs found: npm run lesson hunt 1',
    '✓   02-b  Why?',
    '3 of 3 bugs found',
    '03-c  Why?',
  ])
})

test.each([
  [['hunt', '1'], /^A bug hunt shows most of the solution, so lesson 1 has to be done first: npm run lesson 1$/m],
  [['hunt'], /^Which lesson\?/],
  [['1', '--mistake', 'per-secnd'], /^Lesson 1 has no mistake "per-secnd"\. Did you mean per-second\?/],
  [['1', '--mistake', 'gone'], /There is one in lesson 8\./],
  [['1', '--mistake'], /^Unknown: --mistake/],
])('the command lesson refuses %j with the exit code 2 and a remedy', async (args, message) => {
  const { env } = await student()
  const { code, stderr } = await runKit('lesson.ts', env, ...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

test('a hunt that does not exist is refused with the numbers of all hunts, and so is a hunt after the last bug', async () => {
  const { env, progress } = await student()
  progress.finish(LESSON.name)
  for (const number of ['0', '99', 'x'])
    expect((await runKit('lesson.ts', env, 'hunt', '1', number)).stderr).toMatch(
      /^Lesson 1 has the bug hunts 1 to \d+, and no /,
    )
  for (const { name } of mistakesOf(LESSON)) progress.find(LESSON.name, name)
  expect((await runKit('lesson.ts', env, 'hunt', '1')).stderr).toMatch(
    /^All bugs of lesson 1 are found\. .*npm run lesson hunt 1 1$/m,
  )
})

test('two backups that are made in the same millisecond have different names', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  await using folder = await folderWith('any', '')
  const paths = [1, 2, 3].map(() => {
    const path = backupPath(folder.path, 'progress', '.json')
    writeFileSync(path, '{}')
    return path
  })
  expect(new Set(paths).size).toBe(3)
})
