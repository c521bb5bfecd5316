/** Tests of the progress file, the work folder, the watching of files, and the commands check and lesson. */
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exercisesIn, folderOf, lessonOf, lessons } from '../../lessons/kit/course.ts'
import { port, progressFile, workFolder } from '../../lessons/kit/doctor.ts'
import { browserModulesIn, packagesIn } from '../../lessons/kit/packages.ts'
import { progressIn } from '../../lessons/kit/progress.ts'
import type { RunnerState } from '../../lessons/kit/runner.ts'
import { createLookRun } from '../../lessons/kit/look-run.ts'
import { forgetRunning, keepRunning, readRunning } from '../../lessons/kit/running.ts'
import { startSandbox } from '../../lessons/kit/sandbox.ts'
import { courseText, screenful, stateText } from '../../lessons/kit/screen.ts'
import { watchFolder } from '../../lessons/kit/watch.ts'
import type { LookState } from '../../server/lessons/state.ts'
import type { Conditions } from '../../server/protocol/lab.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { until } from '../until.ts'
import { folderWith } from './program.ts'
import { runKit } from './run-kit.ts'

test('the progress file keeps unknown entries, and the time at which a lesson was first done', async () => {
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

test('a reset of the progress returns the path of a backup; a reset of one lesson keeps the other lessons', async () => {
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

test('a progress file that cannot be parsed is moved to the backups, not overwritten', async () => {
  await using folder = await folderWith('progress.json', '{"a":')
  const backups = join(folder.path, 'backups')
  progressIn(join(folder.path, 'progress.json'), backups).finish('b')
  expect(existsSync(backups)).toBe(true)
  expect(JSON.parse(readFileSync(join(folder.path, 'progress.json'), 'utf8'))).toHaveProperty('b')
})

test('the doctor names a missing package, and a package whose version is wrong after an update', async () => {
  await using folder = await folderWith(
    'package.json',
    '{"dependencies":{"ws":"2.0.0"},"devDependencies":{"knip":"1.0.0"}}',
  )
  const said = () => packagesIn(folder.path).said
  expect(said()).toBe('ws is missing, and 1 more. Run npm ci.')
  install(folder.path, 'ws', '1.0.0')
  install(folder.path, 'knip', '1.0.0')
  expect(said()).toBe('ws is 1.0.0 and should be 2.0.0. Run npm ci.')
  install(folder.path, 'ws', '2.0.0')
  expect(packagesIn(folder.path)).toMatchObject({ isWell: true, said: 'installed' })
})

test('the doctor names a package that another package needs and that an interrupted installation lacks', async () => {
  await using folder = await folderWith('package.json', '{"dependencies":{"a":"1.0.0"}}')
  install(folder.path, 'a', '1.0.0', { dependencies: { b: '1', c: '1' }, optionalDependencies: { c: '1' } })
  expect(packagesIn(folder.path).said).toBe('b, which a needs, is missing. Run npm ci.')
  // The file was not written completely.
  install(folder.path, 'b', '1.0.0')
  writeFileSync(join(folder.path, 'node_modules/a/package.json'), '{"name":')
  expect(packagesIn(folder.path).said).toMatch(/^a is missing/)
})

test('the doctor names a browser module that is missing or incomplete', async () => {
  await using folder = await folderWith('package.json', '{}')
  expect(browserModulesIn(folder.path).said).toMatch(/^The package lit is not installed\. .*npm ci$/)
  install(folder.path, 'lit', '1.0.0')
  expect(browserModulesIn(folder.path).said).toMatch(/^The package lit has no index\.js in .*not installed completely/)
  writeFileSync(join(folder.path, 'node_modules/lit/index.js'), '')
  expect(browserModulesIn(folder.path).said).toMatch(/^The package lit-html, which lit needs, is not installed/)
})

test.each(['::1', '127.0.0.1'])('the doctor calls a port taken if a program listens on %s', async (host) => {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  const number = typeof address === 'object' && address ? address.port : 0
  const found = await port(number, 'sandbox')
  expect(found.isWell).toBe(false)
  expect(found.said).toContain(host)
  expect(found.said).toContain(`http://localhost:${number}`)
  server.close()
  await once(server, 'close')
  expect(await port(number, 'sandbox')).toMatchObject({ isWell: true, said: 'free, for sandbox' })
})

test('a sandbox takes another port if a program uses its port at the other address of localhost', async () => {
  const server = createServer().listen(0, '::1')
  await once(server, 'listening')
  const address = server.address()
  const number = typeof address === 'object' && address ? address.port : 0
  await using sandbox = await startSandbox(number)
  expect(new URL(sandbox.origin).port).not.toBe(String(number))
  server.close()
})

test('the doctor says which file cannot be written, and why', async () => {
  await using folder = await folderWith('file', '')
  expect(workFolder(join(folder.path, 'file', 'work'))).toMatchObject({
    isWell: false,
    said: expect.stringMatching(/file.* cannot be written: a part of the path is a file/),
  })
  expect(progressFile(join(folder.path, 'none', 'progress.json'))).toMatchObject({
    isWell: false,
    said: expect.stringContaining(join(folder.path, 'none')),
  })
  expect(workFolder(join(folder.path, 'work'))).toEqual({
    what: 'work folder',
    isWell: true,
    said: join(folder.path, 'work'),
  })
  expect(readdirSync(join(folder.path, 'work'))).toEqual([])
})

test('a save is noticed by an event of the file system, long before the next poll', async () => {
  await using folder = await folderWith('a.ts', '1')
  let saves = 0
  const watcher = watchFolder(folder.path, () => (saves += 1), 60_000)
  writeFileSync(join(folder.path, 'a.ts'), '22')
  await until('the first save is noticed', () => saves === 1)
  expect(watcher.by).toBe('events')
  writeFileSync(join(folder.path, 'a.ts'), '333')
  await until('the second save is noticed', () => saves === 2)
  watcher.stop()
})

test('a save is noticed by polling if the file system reports no event', async () => {
  await using folder = await folderWith('a.ts', '1')
  let saves = 0
  // The watched folder does not exist yet, so no event reports the save, as on a file system without events.
  const watcher = watchFolder(join(folder.path, 'later'), () => (saves += 1), 20)
  mkdirSync(join(folder.path, 'later'))
  await until('the save is noticed', () => saves >= 1)
  expect(watcher.by).toBe('polling')
  watcher.stop()
})

test('check reports the result by its exit code, and with --json it prints nothing but JSON', async () => {
  const passed = await runKit('check.ts', '3', '--dir', 'solution', '--json')
  expect(passed.code).toBe(0)
  const rows: { verdict: string }[] = JSON.parse(passed.stdout)
  expect(rows.length).toBeGreaterThan(5)
  expect(rows.every(({ verdict }) => verdict === 'pass')).toBe(true)
  const failed = await runKit('check.ts', '3', '--mistake', 'empty-list')
  expect(failed.code).toBe(1)
  expect(failed.stdout).toMatch(
    /^fail {12}03-short-polling {2}short-poll {2}\d+ of \d+ checks pass; first: nothing-new$/m,
  )
  expect(failed.stdout).not.toContain('\x1b')
})

test('a variant is judged by the checks of its files, and a variant without a file of the lesson is an error', async () => {
  const lesson = lessonOf('13')
  const variants = readdirSync(folderOf(lesson, 'variants/any').replace(/any$/, ''))
  for (const variant of variants) {
    const folder = folderOf(lesson, `variants/${variant}`)
    const names = (await exercisesIn(lesson, folder)).map(({ name }) => `${name}.ts`)
    expect(names, variant).toEqual(readdirSync(folder).toSorted())
  }
  const { code, stdout, stderr } = await runKit('check.ts', '13', '--dir', 'variants/nothing-at-all')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^There is no client\.ts and no heartbeat\.ts in .*nothing-at-all\./)
})

test('the student’s folder, start and solution are judged by all checks of the lesson, even if a file is missing', async () => {
  const lesson = lessonOf('13')
  await using folder = await folderWith('heartbeat.ts', '')
  for (const dir of [undefined, 'start', 'solution', folder.path]) {
    const names = (await exercisesIn(lesson, folderOf(lesson, dir))).map(({ name }) => name)
    expect(names, dir).toEqual(['client', 'heartbeat'])
  }
})

test('the command look sends its requests to the servers of the running lesson, at any port', async () => {
  await using server = await serve()
  await using folder = await folderWith('.running.json', '')
  const looking = () => runKit('look.ts', { FOURWIRE_WORK: folder.path }, '1', 'pushed')
  keepRunning({ lesson: 1, sandbox: server.origin, yours: null, token: null }, folder.path)
  expect(readRunning(folder.path)?.sandbox).toBe(server.origin)
  expect((await looking()).stdout).toMatch(/client < data: .*"room":"lesson-1".*"hello"/)
  forgetRunning(folder.path)
  expect(readRunning(folder.path)).toBeNull()
})

test('the command look ends with the code 2 and a sentence if no server responds or the name is unknown', async () => {
  const nobody = await runKit('look.ts', { FOURWIRE_SANDBOX: 'http://127.0.0.1:9' }, '4', 'held')
  expect(nobody).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^No server responds at .*npm run lesson\n$/),
  })
  const { code, stderr } = await runKit('look.ts', {}, '4', 'nothing')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^There is no "nothing"\. There are:\n {2}npm run look 4 slow$/m)
})

test('the kit runs a look for a page, passes on its output, and runs one at a time', async () => {
  await using server = await serve()
  const told = looksOf(server.origin)
  const looks = createLookRun(lessonOf('4'), (look) => told.push(look))
  await looks.run('empty')
  await looks.run('held')
  await until('the second program is over', () => told.at(-1)?.name === 'held' && told.at(-1)?.isOver)
  expect(told.at(-1)?.text).toMatch(/> GET \/feed\/lesson-4\/long-poll.*\n< 200 after 1\.\d s .*"hello"/)
  expect(told.findLast(({ name }) => name === 'empty')).toMatchObject({ isOver: true, text: '' })
  await looks.run('nothing')
  await until('the third program is over', () => told.at(-1)?.name === 'nothing' && told.at(-1)?.isOver)
  expect(told.at(-1)?.text).toMatch(/^There is no "nothing"/)
})

test('a look that is stopped puts back the conditions that it has set', async () => {
  await using server = await serve()
  await server.set({ conditions: { latencyMs: 7 } })
  const told = looksOf(server.origin)
  const looks = createLookRun(lessonOf('18'), (look) => told.push(look))
  const conditions = async () => (await settingsOf(server)).conditions
  await looks.run('firewall')
  await until('the firewall is on', async () => (await conditions()).firewall)
  await looks.run(null)
  expect(await conditions()).toMatchObject({ firewall: false, latencyMs: 7 })
  expect(told.at(-1)).toMatchObject({ name: 'firewall', isOver: true })
})

async function settingsOf({ app }: Served): Promise<{ conditions: Conditions }> {
  const headers = { host: 'localhost' }
  const response = await app.inject({ method: 'PUT', url: '/lab/settings', headers, payload: {} })
  return response.json()
}

/** Lets the programs of this process use the server. Returns the list for what they tell. */
function looksOf(origin: string): LookState[] {
  process.env['FOURWIRE_SANDBOX'] = origin
  onTestFinished(() => void delete process.env['FOURWIRE_SANDBOX'])
  return []
}

test.each([
  ['lesson 0 for a newcomer', [], '00-a-chat-in-ten-minutes'],
  ['lesson 1 after lesson 0', ['00-a-chat-in-ten-minutes'], '01-why-real-time'],
  ['not lesson 0 for a student who has finished a later lesson', ['01-why-real-time'], '02-project-setup'],
  ['the last lesson after all others, even without lesson 0', namesAfter(0), lessons().at(-1)?.name],
])('the next lesson is %s', async (_, done, next) => {
  const entries = done.map((name) => [name, { doneAt: '2027-01-01T00:00:00Z' }])
  await using folder = await folderWith('progress.json', JSON.stringify(Object.fromEntries(entries)))
  const env = { FOURWIRE_PROGRESS: join(folder.path, 'progress.json') }
  const { stdout } = await runKit('lesson.ts', env, 'list')
  expect(stdout).toMatch(new RegExp(`^ {2}. > ${next} `, 'm'))
})

function namesAfter(first: number): readonly string[] {
  return lessons().flatMap(({ number, name }) => (number > first ? [name] : []))
}

test('check and lesson refuse unknown arguments with the code 2, and list the valid ones', async () => {
  for (const [entry, ...args] of [
    ['check.ts', '77'],
    ['check.ts', '--every'],
    ['check.ts'],
    ['lesson.ts', '77'],
  ] as const) {
    const { code, stderr } = await runKit(entry, ...args)
    expect(code, `${entry} ${args.join(' ')}`).toBe(2)
    expect(stderr).toMatch(/There are: \d\d-|npm run check/)
  }
})

test('the screen always shows the file to edit, the current step, the way in which saves are noticed, and the keys', () => {
  const style = { strong: (text: string) => text, inverse: (text: string) => text, faint: (text: string) => text }
  const state: RunnerState = {
    lesson: '03-short-polling',
    title: 'How often?',
    folder: '/home/ada/work/03-short-polling',
    files: ['short-poll.ts'],
    is: 'starting',
    said: 'Starting the sandbox.',
    page: null,
    look: null,
    isServer: true,
    companion: null,
    yours: null,
    transport: null,
    noticing: 'polling',
    results: [],
    checkedAtMs: null,
    rungs: 1,
    output: 'hello',
    hunt: null,
    looking: null,
    course: [],
  }
  const text = stateText(state, style)
  for (const part of ['short-poll.ts', 'starting', 'Starting the sandbox.', 'by polling', 'r run', 'q quit', '| hello'])
    expect(text).toContain(part)
  expect(text).toContain('Yours  is not running')
  const at = (port: number) => stateText({ ...state, page: `http://localhost:${port}/lessons/03-short-polling` }, style)
  expect([at(3000), at(4321)].map((shown) => shown.includes('port 3000 is in use'))).toEqual([false, true])
  expect(stateText({ ...state, isServer: false }, style)).not.toContain('Yours')
})

test('the list of lessons has two spaces after its longest name', () => {
  const names = ['01-short', '06-building-an-sse-endpoint']
  const text = courseText(
    names.map((name) => ({ name, title: 'What?', isDone: false, bugs: { found: 0, of: 9 } })),
    null,
  )
  for (const line of text.split('\n')) expect(line).toMatch(/ {2}What\?$/)
})

test('on a small screen the head and the keys stay in place, and the space key pages through the middle', () => {
  const body = Array.from({ length: 20 }, (_none, i) => `line ${i}`)
  const parts = { head: ['title'], body, foot: ['keys'] }
  const first = screenful(parts, 0, 10).text.split('\n')
  expect(first).toHaveLength(10)
  expect([first[0], first[1], first.at(-1)]).toEqual(['title', 'line 0', 'keys'])
  expect(first.at(-2)).toContain('13 more lines: press space')
  const last = screenful(parts, 14, 10).text.split('\n')
  expect(last.slice(0, 3)).toEqual(['title', 'line 14', 'line 15'])
  expect(last.at(-1)).toBe('keys')
  // A text that fits is shown unchanged.
  expect(screenful({ ...parts, body: ['line'] }, 0, 10).text).toBe('title\nline\nkeys')
})

/** Writes a package to `node_modules`. */
function install(root: string, name: string, version: string, more: object = {}): void {
  const folder = join(root, 'node_modules', name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, ...more }))
}
