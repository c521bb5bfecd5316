/**
 * Measures the cost of the way through the sandbox for a student's lane: the round trip of a poll to
 * `/mine` of the sandbox, and directly to the port of the student's server, in turns.
 *
 *   node test/bench/relay.ts [polls]
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { exercisesOf, lessonOf } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import { startSandbox } from '../../lessons/kit/sandbox.ts'
import { MINE } from '../../server/lessons/mine.ts'
import type { LessonState } from '../../server/lessons/state.ts'

const WARM_UP = 200

const polls = Number(process.argv[2] ?? 4000)
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}`)

const lesson = lessonOf('3')
const [exercise] = await exercisesOf(lesson)
if (!exercise) throw new Error(`${lesson.name} has no exercise.`)
await using sandbox = await startSandbox(0)
await using program = await startProgram(`${lesson.folder}/solution`, exercise, { follows: sandbox.origin })
const state: LessonState = {
  lesson: lesson.name,
  title: lesson.title,
  files: [],
  is: 'waiting',
  said: '',
  yours: `http://localhost:${program.port}`,
  transport: exercise.name,
  results: [],
  checkedAtMs: null,
  rungs: 1,
  hunt: null,
  looking: null,
  course: [],
}
sandbox.tell(state)
await untilRelayed(sandbox.origin)
const straight = await dial(program.port)
const over = await dial(Number(new URL(sandbox.origin).port), MINE)

const ms: { straight: number[]; over: number[] } = { straight: [], over: [] }
for (let i = -WARM_UP; i < polls; i++) {
  const [first, second] = [await straight.ask(), await over.ask()]
  if (i < 0) continue
  ms.straight.push(first)
  ms.over.push(second)
}
straight.end()
over.end()
const [p50, overP50] = [quantile(ms.straight, 0.5), quantile(ms.over, 0.5)]
console.log(`straight: p50 ${p50.toFixed(3)} ms, p95 ${quantile(ms.straight, 0.95).toFixed(3)} ms (n ${polls})`)
console.log(`through the sandbox: p50 ${overP50.toFixed(3)} ms, p95 ${quantile(ms.over, 0.95).toFixed(3)} ms`)
console.log(`each way, at p50: ${((overP50 - p50) / 2).toFixed(3)} ms; load ${loadavg()[0]?.toFixed(1)}`)

/** Agent with one persistent connection. */
async function dial(port: number, path = '') {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const request = `GET ${path}/feed/lobby/poll?after=0&lane=bench.yours HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`
  return {
    async ask() {
      const askedMs = performance.now()
      socket.write(request)
      await once(socket, 'data')
      return performance.now() - askedMs
    },
    end: () => socket.destroy(),
  }
}

/** Waits until the sandbox knows the address of the student's server. Until then it resets connections. */
async function untilRelayed(origin: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${origin}${MINE}/feed/lobby/poll`).catch(() => null)
    if (answer) return void (await answer.text())
  }
}

function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(p * values.length)] ?? Number.NaN
}
