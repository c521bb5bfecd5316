/** Wrong programs of every kind. None blocks the kit, passes the checks, or leaves a process or a port. */
import { execFileSync, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { exercisesOf } from '../../lessons/kit/course.ts'
import type { Check, Exercise } from '../../lessons/kit/exercise.ts'
import { judge } from '../../lessons/kit/judge.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import { until } from '../until.ts'
import { busyMachine, folderWith, judged, lessonOf } from './program.ts'

const lesson = lessonOf('3')
const [exercise] = await exercisesOf(lesson)
if (!exercise) throw new Error('Lesson 3 has no exercise.')
const solution = await readFile(join(lesson.folder, 'solution/short-poll.ts'), 'utf8')

/** Adds a line at the top of the solution, or in its handler. */
const atTop = (line: string) => `${line}\n${solution}`
const inHandler = (line: string) => solution.replace("      reply.header('cache-control'", `      ${line}\n$&`)
const LINE = inHandler('HERE').split('\n').indexOf('      HERE') + 1

test.each([
  ['a syntax error', atTop('const broken = ]'), 'syntax', 'short-poll.ts:1'],
  ['a name that is declared twice', atTop('const a = 1; const a = 2'), 'syntax', 'short-poll.ts:1'],
  ['a missing bracket', atTop('const list = [1, 2;'), 'syntax', 'short-poll.ts:1'],
  ['an enum', atTop('enum Colour { Red }'), 'not erasable', 'short-poll.ts:1'],
  ['a namespace', atTop('namespace Colours { export const red = 1 }'), 'not erasable', 'short-poll.ts:1'],
  [
    'a parameter property',
    atTop('class Held { constructor(private room: string) {} }'),
    'not erasable',
    'short-poll.ts:1',
  ],
  ['a decorator', atTop('class Held { @logged release() {} }'), 'not erasable', 'short-poll.ts:1'],
  [
    'a type that is imported like a value',
    atTop("import { Poll } from '#server/transports/poll.ts'"),
    'no such name',
    'short-poll.ts:1',
  ],
  ['an exception at import', atTop('throw new Error("boom")'), 'import', 'short-poll.ts:1'],
  ['an import of a missing file', atTop("import './missing.ts'"), 'import', null],
  ['an endless loop at import', atTop('for (;;) Math.random()'), 'stuck', 'short-poll.ts:1'],
  ['an endless loop in a handler', inHandler('for (;;) Math.random()'), 'stuck', `short-poll.ts:${LINE}`],
  ['process.exit at import', atTop('process.exit(0)'), 'exit', 'short-poll.ts:1'],
  ['process.exit in a handler', inHandler('process.exit(3)'), 'exit', `short-poll.ts:${LINE}`],
  ['a process that kills itself', inHandler("process.kill(process.pid, 'SIGKILL')"), 'killed', null],
  [
    'a crash after the response',
    inHandler("setImmediate(() => { throw new Error('later') })"),
    'crash',
    `short-poll.ts:${LINE}`,
  ],
  ['an unhandled rejection', inHandler("void Promise.reject(new Error('lost'))"), 'crash', `short-poll.ts:${LINE}`],
  ['an await at the top that never ends', atTop('await new Promise(() => {})'), 'never ready', null],
  ['a wrong export', solution.replace('const shortPoll', 'const poll'), 'no export', null],
  [
    'a port in use',
    atTop("import { createServer } from 'node:net'\ncreateServer().listen(PORT)"),
    'port in use',
    'short-poll.ts:2',
  ],
])('%s is reported with the right hint and place', async (_what, program, kind, where) => {
  await using busy = await busyPort()
  await using folder = await folderWith('short-poll.ts', program.replace('PORT', String(busy.port)))
  const [first] = await judge(lesson, only(exercise, 3), folder.path, { types: false })
  expect(first).toMatchObject({ verdict: 'fail', finding: { hinted: kind } })
  expect(first?.finding?.where ?? null).toBe(where)
  expect(first?.finding?.hint).toHaveLength(3)
  expect(processesIn(folder.path)).toEqual([])
})

test('a server that does not listen on its port is reported as never ready', async () => {
  await using folder = await folderWith('program.ts', 'setInterval(() => {}, 1000)')
  const checks: Check[] = [{ name: 'one', title: 'One', hints: {}, run: async () => {} }]
  const [result] = await judge(lesson, { name: 'program', hosted: { kind: 'server' }, checks }, folder.path, {
    types: false,
  })
  expect(result).toMatchObject({ verdict: 'fail', finding: { hinted: 'never ready' } })
})

test('the error of a handler is quoted with its line, and the process continues', async () => {
  await using folder = await folderWith('short-poll.ts', inHandler("throw new TypeError('no such thing')"))
  const results = await judge(lesson, only(exercise, 2), folder.path, { types: false })
  expect(results.map(({ verdict }) => verdict)).toEqual(['fail', 'fail'])
  expect(results[0]?.finding?.saw).toContain(`TypeError: no such thing (short-poll.ts:${LINE})`)
})

test('a handler that never responds is reported, and checks that would also wait in vain are skipped', async () => {
  await using folder = await folderWith('short-poll.ts', inHandler('await new Promise(() => {})'))
  const results = await judge(lesson, exercise, folder.path, { types: false })
  expect(results[0]?.finding?.saw).toMatch(/^Your server did not respond to this within/)
  expect(results.slice(2).map(({ verdict }) => verdict)).toEqual(results.slice(2).map(() => 'could not tell'))
})

test('a connection that is cut during a response is reported as closed', async () => {
  await using folder = await folderWith('short-poll.ts', inHandler('reply.raw.destroy()'))
  const [first] = await judge(lesson, only(exercise, 1), folder.path, { types: false })
  expect(first?.finding?.saw).toMatch(/^The connection was closed/)
})

test('a type error is reported with its line, but an unused variable is not an error', async () => {
  await using folder = await folderWith(
    'short-poll.ts',
    inHandler("const unused = 1\n      const wrong: number = 'text'"),
  )
  const results = await judge(lesson, only(exercise, 1), folder.path)
  expect(results.at(-1)).toMatchObject({
    check: 'types',
    verdict: 'fail',
    finding: { where: `short-poll.ts:${LINE + 1}` },
  })
  expect(results.at(-1)?.finding?.bytes).not.toContain('unused')
})

test('a folder without the file of the exercise is reported', async () => {
  await using folder = await folderWith('other.ts', solution)
  const results = await judge(lesson, exercise, folder.path)
  expect(results[0]).toMatchObject({ verdict: 'fail', finding: { hinted: 'no file' } })
  expect(results.filter(({ verdict }) => verdict === 'pass')).toEqual([])
})

test('the output of the program is kept apart from all other output', async () => {
  await using folder = await folderWith('short-poll.ts', atTop("console.log('out'); console.error('err')"))
  let said = ''
  const results = await judge(lesson, only(exercise, 1), folder.path, {
    types: false,
    onOutput: (text) => (said += text),
  })
  expect(results[0]?.verdict).toBe('pass')
  expect(said.split('\n').toSorted()).toEqual(['', 'err', 'out'])
})

test('a stopped program leaves no open port, even if it was in an endless loop', async () => {
  await using folder = await folderWith('short-poll.ts', inHandler('for (;;) Math.random()'))
  const program = await startProgram(folder.path, exercise)
  const socket = connect(program.port, '127.0.0.1').on('error', () => {})
  socket.write('GET /feed/a/poll HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await program.ended).toMatchObject({ kind: 'stuck', where: `short-poll.ts:${LINE}` })
  await program.stop()
  const again = connect(program.port, '127.0.0.1')
  const [error] = await once(again, 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})

test('a program ends by itself if its kit is killed, even in an endless loop', async () => {
  await using folder = await folderWith('short-poll.ts', atTop('for (;;) Math.random()'))
  const kit = join(import.meta.dirname, '../../lessons/kit/check.ts')
  const child = spawn(process.execPath, [kit, '3', '--dir', folder.path], { stdio: 'ignore' })
  await until('the program runs', () => childrenOf(child.pid).length > 0)
  const [host = 0] = childrenOf(child.pid)
  child.kill('SIGKILL')
  await until('the process of the program has ended', () => !isAlive(host))
})

test('a check stops waiting when the program has ended', async () => {
  await using folder = await folderWith('short-poll.ts', inHandler('process.exit(3)'))
  let waiting: Promise<unknown> = Promise.resolve()
  const waits: Check = {
    name: 'waits',
    title: 'Waits',
    hints: {},
    async run(trial) {
      await trial.get(`/feed/${trial.room}/poll`).catch(() => {})
      await trial.until('the trial has noticed the end of the program', () => trial.patience.nowMs === Infinity)
      waiting = trial.until('an impossible condition holds', () => false)
      await waiting
    },
  }
  const [result] = await judge(lesson, { ...exercise, checks: [waits] }, folder.path, { types: false })
  expect(result?.finding).toMatchObject({ hinted: 'exit' })
  await expect(waiting).rejects.toThrow('of waiting until an impossible condition holds')
})

test.each(['3', '6', '9'])('on a busy machine, the solution of lesson %s passes', async (number) => {
  const right = lessonOf(number)
  using _ = busyMachine()
  const results = await judged(right, join(right.folder, 'solution'))
  expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
})

test('on a busy machine, an endless loop is reported with its line', async () => {
  await using folder = await folderWith('short-poll.ts', inHandler('for (;;) Math.random()'))
  using _ = busyMachine()
  const [first] = await judge(lesson, only(exercise, 1), folder.path, { types: false })
  expect(first?.finding).toMatchObject({ hinted: 'stuck', where: `short-poll.ts:${LINE}` })
})

const only = (of: Exercise, count: number): Exercise => ({ ...of, checks: of.checks.slice(0, count) })

async function busyPort() {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}

/** Returns the processes that name this folder, and the children of this process that run the kit's host. */
function processesIn(folder: string): string[] {
  const all = execFileSync('ps', ['-eo', 'ppid,args'], { encoding: 'utf8' }).split('\n')
  return all.filter(
    (line) => line.includes(folder) || (line.includes('hosted/host.ts') && Number.parseInt(line, 10) === process.pid),
  )
}

function childrenOf(pid: number | undefined): number[] {
  const rows = execFileSync('ps', ['-eo', 'ppid,pid,args'], { encoding: 'utf8' }).split('\n')
  return rows
    .filter((row) => Number(row.trim().split(/\s+/)[0]) === pid && row.includes('hosted/host.ts'))
    .map((row) => Number(row.trim().split(/\s+/)[1]))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
