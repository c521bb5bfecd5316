/**
 * What it costs that a student's lane goes over the sandbox's wire: the round trip of a poll to the
 * student's server by the sandbox's way there, and straight to its port, one after the other.
 *
 *   node test/bench/passage.ts [polls]
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { exercisesOf, lessonOf } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import { startSandbox } from '../../lessons/kit/sandbox.ts'
import type { LessonState, ToldLesson } from '../../server/lessons/state.ts'

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
  course: [],
}
sandbox.tell(state)
const straight = await dial(program.port)
const over = await dial(Number(new URL(await wayOf(sandbox.origin)).port))

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
console.log(`over the sandbox's wire: p50 ${overP50.toFixed(3)} ms, p95 ${quantile(ms.over, 0.95).toFixed(3)} ms`)
console.log(`each way, at p50: ${((overP50 - p50) / 2).toFixed(3)} ms; load ${loadavg()[0]?.toFixed(1)}`)

/** One connection that is kept. */
async function dial(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const request = `GET /feed/lobby/poll?after=0&lane=bench.yours HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`
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

/** When it has been told of the lesson. */
async function wayOf(origin: string): Promise<string> {
  const { body } = await fetch(`${origin}/lessons/state`)
  let text = ''
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece
    const [, json] = /data: (\{.*)\n\n/.exec(text) ?? []
    const told: ToldLesson | null = json === undefined ? null : JSON.parse(json)
    if (told?.way) return told.way
  }
  throw new Error('The sandbox told of no way.')
}

function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(p * values.length)] ?? Number.NaN
}
