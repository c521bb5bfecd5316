/** Wrong programs of every kind. None blocks the kit, passes the checks, or leaves a process or a port. */
import { execFileSync, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { exercisesOf } from '../../lessons/kit/course.ts'
import type { Check, Exercise } from '../../lessons/kit/exercise.ts'
import { converse } from '../../lessons/kit/conversation.ts'
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
  ['null that is thrown in a timer', inHandler('setTimeout(() => { throw null })'), 'crash', `short-poll.ts:${LINE}`],
  ['a text that is thrown', inHandler("process.nextTick(() => { throw 'text' })"), 'crash', `short-poll.ts:${LINE}`],
  ['a rejection without an error', inHandler("void Promise.reject('text')"), 'crash', null],
  [
    'an error whose message cannot be read',
    inHandler("setImmediate(() => { throw Object.defineProperty(new Error(), 'message', { get: BigInt }) })"),
    'crash',
    null,
  ],
  [
    'an error that only its causes can place',
    inHandler("void Promise.any([Promise.reject(new Error('one'))])"),
    'crash',
    `short-poll.ts:${LINE}`,
  ],
  [
    'an error in the listener of an event',
    atTop(
      "import { EventEmitter } from 'node:events'\nconst bell = new EventEmitter().on('ring', () => { throw new Error('loud') })",
    ).replace('      reply.header(', "      setImmediate(() => bell.emit('ring'))\n$&"),
    'crash',
    'short-poll.ts:2',
  ],
  [
    'an error in the listener of a stream',
    inHandler("reply.raw.on('finish', () => { throw new Error('late') })"),
    'crash',
    `short-poll.ts:${LINE}`,
  ],
  [
    'an error while a client leaves',
    inHandler("reply.raw.on('close', () => { throw new Error('gone') })"),
    'crash',
    `short-poll.ts:${LINE}`,
  ],
  [
    'an error in a worker',
    atTop(
      "import { Worker } from 'node:worker_threads'\nawait new Promise(() => new Worker('null.x', { eval: true }))",
    ),
    'crash',
    null,
  ],
  ['process.abort', inHandler('process.abort()'), 'killed', null],
  [
    'a call that sleeps',
    inHandler('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'),
    'stuck',
    `short-poll.ts:${LINE}`,
  ],
  [
    'a call that waits for another program',
    atTop("import { execSync } from 'node:child_process'").replace(
      '      reply.header(',
      "      execSync('sleep 60')\n$&",
    ),
    'blocked',
    null,
  ],
  [
    'an endless chain of microtasks',
    inHandler('const again = (): void => queueMicrotask(again); again()'),
    'stuck',
    `short-poll.ts:${LINE}`,
  ],
  [
    'an endless regular expression',
    inHandler(";/^(a+)+$/.test('a'.repeat(60) + 'b')"),
    'stuck',
    `short-poll.ts:${LINE}`,
  ],
  [
    'a list that grows in a loop',
    atTop('const all: unknown[] = []').replace(
      '      reply.header(',
      '      for (;;) all.push(new Array(100_000).fill(all.length))\n$&',
    ),
    'memory',
    `short-poll.ts:${LINE + 1}`,
  ],
  [
    'buffers that grow between requests',
    atTop(
      'const all: Buffer[] = []\nfunction grow() { all.push(Buffer.alloc(1e7, 1)); setImmediate(grow) }\ngrow(); await new Promise(() => {})',
    ),
    'memory',
    'short-poll.ts:2',
  ],
  [
    'output without end',
    atTop(
      "function chat() { for (let i = 0; i < 99; i++) console.log('x'.repeat(99)); setImmediate(chat) }\nchat(); await new Promise(() => {})",
    ),
    'output',
    'short-poll.ts:1',
  ],
  [
    'errors that are printed without end',
    atTop(
      "function chat() { for (let i = 0; i < 99; i++) console.error('x'.repeat(99)); setImmediate(chat) }\nchat(); await new Promise(() => {})",
    ),
    'output',
    'short-poll.ts:1',
  ],
  [
    'a body without end',
    inHandler(
      "reply.hijack(); const pour = () => { reply.raw.write('x'.repeat(9999)); setImmediate(pour) }; return pour()",
    ),
    'flood',
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

test('an error in a timer of a program whose time stands still is its crash', async () => {
  const held = lessonOf('4')
  const text = await readFile(join(held.folder, 'solution/long-poll.ts'), 'utf8')
  const line = text.slice(0, text.indexOf('const timer = setTimeout(release')).split('\n').length
  await using folder = await folderWith(
    'long-poll.ts',
    text.replace('setTimeout(release,', 'setTimeout(() => null!.x,'),
  )
  const [timed] = await exercisesOf(held)
  if (!timed) throw new Error('Lesson 4 has no exercise.')
  const results = await judge(held, timed, folder.path, { types: false })
  const first = results.find(({ verdict }) => verdict !== 'pass')
  expect(first).toMatchObject({ verdict: 'fail', finding: { hinted: 'crash', where: `long-poll.ts:${line}` } })
  expect(first?.finding?.saw).toContain("TypeError: Cannot read properties of null (reading 'x')")
})

test.each([
  ['starts', "export function connect() { throw new Error('no') }"],
  ['stops', "export const connect = () => () => { throw new Error('no') }"],
  ['waits', "export const connect = () => { setTimeout(() => { throw new Error('no') }, 100) }"],
])('an error of a client that %s is its crash', async (_when, text) => {
  await using folder = await folderWith('client.ts', text)
  const run: Check['run'] = async (trial) => {
    await trial.connect('ws://127.0.0.1:9', [trial.room])
    await trial.tick(1000)
    await trial.disconnect()
  }
  const hosted = { kind: 'client', exported: 'connect' } as const
  const [result] = await judge(lesson, { name: 'client', hosted, checks: [{ ...ONE, run }] }, folder.path, {
    types: false,
  })
  expect(result?.finding).toMatchObject({ hinted: 'crash', where: 'client.ts:1' })
})

test('an error of a function that a check calls is reported with its line, and the next check is tried', async () => {
  await using folder = await folderWith('sum.ts', "export const sum = () => {\n  throw new Error('no')\n}")
  const run: Check['run'] = async ({ call }) => void (await call('sum'))
  const checks = [
    { ...ONE, run },
    { ...ONE, run: async () => {} },
  ]
  const results = await judge(lesson, { name: 'sum', hosted: { kind: 'functions' }, checks }, folder.path, {
    types: false,
  })
  expect(results.map(({ verdict }) => verdict)).toEqual(['fail', 'pass'])
  expect(results[0]?.finding).toMatchObject({ hinted: 'call threw', where: 'sum.ts:2', saw: 'Error: no (sum.ts:2)' })
})

/** Number of times that a program is judged whose crash and closed connection are seen at the same moment. */
const OFTEN = 20

test.each([
  ['at once', "throw new Error('no')"],
  ['after it has destroyed the socket', "socket.destroy()\n  throw new Error('no')"],
  ['in a microtask after it has ended the socket', "socket.end()\n  await null\n  throw new Error('no')"],
])('a listener of upgrades that throws %s is reported as a crash each time', async (_when, body) => {
  const text = `import { createServer } from 'node:http'
createServer((_, response) => response.end()).on('upgrade', ${body.includes('await') ? 'async ' : ''}(_, socket) => {
  ${body}
}).listen(Number(process.env['PORT']))`
  await using folder = await folderWith('server.ts', text)
  const run: Check['run'] = async (trial) => void (await converse(trial, '/'))
  const upgrades: Exercise = { name: 'server', hosted: { kind: 'server' }, checks: [{ ...ONE, run }] }
  for (let i = 0; i < OFTEN; i++) {
    const [result] = await judge(lesson, upgrades, folder.path, { types: false })
    expect(result?.finding).toMatchObject({ hinted: 'crash', saw: expect.stringContaining('Error: no') })
  }
})

test('frames without end are reported as a flood', async () => {
  const text = `import { WebSocketServer } from 'ws'
new WebSocketServer({ port: Number(process.env['PORT']) }).on('connection', (socket) => {
  setInterval(() => { for (let i = 0; i < 99; i++) socket.send('more') }, 1)
})`
  await using folder = await folderWith('server.ts', text)
  const run: Check['run'] = async (trial) => {
    const { closed } = await converse(trial, '/')
    await trial.until('it ends', () => closed)
  }
  const [result] = await judge(
    lesson,
    { name: 'server', hosted: { kind: 'server' }, checks: [{ ...ONE, run }] },
    folder.path,
    { types: false },
  )
  expect(result?.finding).toMatchObject({ hinted: 'flood', where: 'server.ts:3' })
})

test('the kit does not wait for a process that outlives the program', async () => {
  const text =
    "import { spawn } from 'node:child_process'\nspawn('sleep', ['60'], { stdio: 'inherit' })\nprocess.exit(5)"
  await using folder = await folderWith('short-poll.ts', text)
  const [result] = await judge(lesson, only(exercise, 1), folder.path, { types: false })
  expect(result?.finding).toMatchObject({ hinted: 'exit', where: 'short-poll.ts:3' })
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

const ONE = { name: 'one', title: 'One', hints: {} }

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
