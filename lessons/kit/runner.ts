/**
 * The life of one lesson: the sandbox, the student's server as a lane of its own, the watcher, the
 * checks on every save. All that is known about it is one plain object, told whenever it changes.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LessonState as ToldState } from '../../server/lessons/state.ts'
import { exercisesOf, lessons } from './course.ts'
import type { Lesson } from './course.ts'
import type { Exercise } from './exercise.ts'
import { judge } from './judge.ts'
import type { Result } from './judge.ts'
import { progressIn } from './progress.ts'
import { startProgram } from './program.ts'
import type { Program } from './program.ts'
import { startSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { ProgramEnded } from './trouble.ts'
import { typeErrorsOf } from './type-check.ts'
import { signatureOf, watchFolder } from './watch.ts'
import type { Noticing, Watcher } from './watch.ts'
import { beginWork, resetWork, workOf } from './work.ts'

/** With what the terminal shows besides. */
export interface LessonState extends ToldState {
  /** Where the student works. */
  readonly folder: string
  /** The lesson beside the live lanes and the checks; null while there is no sandbox. */
  readonly page: string | null
  /** The sandbox in the state that the lesson describes; null while there is none. */
  readonly look: string | null
  /** Is the program one that takes requests? Functions are only called. */
  readonly isServer: boolean
  /** Whom else the lesson brings; null where nobody. */
  readonly beside: string | null
  readonly noticing: Noticing
  /** Of the run that goes on or went last, as far as they are known. */
  readonly results: readonly Result[]
  /** What the student's program wrote in the last run. */
  readonly output: string
  readonly course: readonly { readonly name: string; readonly title: string; readonly isDone: boolean }[]
}

export interface Runner {
  readonly state: LessonState
  start(): Promise<void>
  check(): void
  nextHint(): void
  /** Puts the work aside and begins anew. */
  reset(): void
  stop(): Promise<void>
}

const SANDBOX_PORT = 3000

/** The lane of lesson 4 is at 4104. */
export const LANE_PORT = 4100

/** Whom lesson 12 brings is at 4212. */
const BESIDE_PORT = 4200

const OUTPUT_CHARS = 4000

export async function createRunner(lesson: Lesson, tell: (state: LessonState) => void): Promise<Runner> {
  const exercises = await exercisesOf(lesson)
  const version = versionOf(lesson)
  const progress = progressIn()
  let sandbox: Sandbox | null = null
  let lane: Program | null = null
  let besides: Program | null = null
  let watcher: Watcher | null = null
  let running: Promise<void> | null = null
  let again = false
  let state: LessonState = {
    lesson: lesson.name,
    title: lesson.title,
    folder: workOf(lesson),
    files: exercises.map(({ name }) => `${name}.ts`),
    is: 'starting',
    said: 'Starting the sandbox.',
    page: null,
    look: null,
    isServer: exercises.some(isServer),
    beside: null,
    yours: null,
    transport: exercises.find(({ hosted }) => hosted.kind === 'transport')?.name ?? null,
    noticing: 'events',
    results: [],
    checkedAtMs: null,
    rungs: 1,
    output: '',
    course: courseNow(),
  }

  return {
    get state() {
      return state
    },
    async start() {
      if (beginWork(lesson)) set({ said: `Copied what you start with to ${workOf(lesson)}.` })
      watcher = watchFolder(workOf(lesson), check)
      sandbox = await startSandbox(SANDBOX_PORT, wished)
      set({ page: `${sandbox.origin}/lessons/${lesson.name}`, look: sandbox.origin + lookOf(lesson) })
      void sandbox.ended.then((said) => {
        if (state.is !== 'stopped') set({ page: null, look: null, said: `The sandbox has ended. ${said}` })
      })
      await startBeside(sandbox.origin)
      check()
    },
    check,
    nextHint,
    reset() {
      const backup = resetWork(lesson)
      beginWork(lesson)
      progress.reset(lesson.name)
      // The old one watches the folder that was put aside.
      watcher?.stop()
      watcher = watchFolder(workOf(lesson), check)
      set({ said: backup === null ? 'Begun anew.' : `Begun anew; what you had is in ${backup}.`, course: courseNow() })
      check()
    },
    async stop() {
      set({ is: 'stopped', said: 'Stopping.' })
      watcher?.stop()
      await running
      await lane?.stop()
      await besides?.stop()
      await sandbox?.stop()
    },
  }

  function set(change: Partial<LessonState>): void {
    state = { ...state, ...change, noticing: watcher?.by ?? state.noticing }
    tell(state)
    sandbox?.tell(state)
  }

  function wished(wish: unknown): void {
    if (wish === 'check') check()
    if (wish === 'hint') nextHint()
  }

  function nextHint(): void {
    set({ rungs: Math.min(3, state.rungs + 1) })
  }

  /** One run at a time; a save during a run leads to another one behind it. */
  function check(): void {
    if (state.is === 'stopped') return
    again = true
    running ??= runAll().finally(() => (running = null))
  }

  async function runAll(): Promise<void> {
    while (again && state.is !== 'stopped') {
      again = false
      await run()
    }
  }

  async function run(): Promise<void> {
    set({ is: 'checking', said: 'Checking.', results: [], rungs: 1, output: '' })
    await startLane()
    const results: Result[] = []
    const typesOf = typeErrorsOf(workOf(lesson), exercises)
    for (const exercise of exercises) {
      const says = (text: string) => set({ output: (state.output + text).slice(-OUTPUT_CHARS) })
      const told = (result: Result) => {
        results.push(result)
        set({ results: [...results] })
      }
      await judge(lesson, exercise, workOf(lesson), { says, told, types: typesOf(exercise) })
    }
    const isDone = results.every(({ verdict }) => verdict === 'pass')
    if (isDone) progress.finish(lesson.name)
    if (state.is === 'stopped') return
    const said = isDone
      ? 'All checks pass. Now explain what you predicted and what you saw.'
      : 'Waiting for you to save.'
    const isOld = versionOf(lesson) !== version
    set({
      is: 'waiting',
      said: isOld ? `${said} ${CHANGED}` : said,
      results,
      checkedAtMs: Date.now(),
      course: courseNow(),
    })
  }

  async function startBeside(follows: string): Promise<void> {
    const name = exercises.find(({ beside }) => beside !== undefined)?.beside
    if (name === undefined) return
    const exercise: Exercise = { name, hosted: { kind: 'server' }, checks: [] }
    besides = await startLaneOf(lesson.folder, exercise, follows, BESIDE_PORT + lesson.number)
    set({ beside: `http://localhost:${besides.port}` })
  }

  /** The student's server beside the reference: anew with every save, and with the sandbox's own feed. */
  async function startLane(): Promise<void> {
    const former = lane
    lane = null
    await former?.stop()
    const exercise = exercises.find(isServer)
    if (!exercise || !sandbox) return
    try {
      const started = await startLaneOf(workOf(lesson), exercise, sandbox.origin, LANE_PORT + lesson.number)
      lane = started
      set({ yours: `http://localhost:${started.port}` })
      void started.ended.then(({ what }) => {
        if (lane === started && state.is !== 'stopped') set({ yours: null, said: `Your lane has ended. ${what}` })
      })
    } catch {
      // Why it does not start is what the first check says, with its line.
      set({ yours: null })
    }
  }

  function courseNow(): LessonState['course'] {
    return lessons().map(({ name, title }) => ({ name, title, isDone: progress.isDone(name) }))
  }
}

/** The checks are read once, so what an update brings is not seen before the next start. */
const CHANGED =
  'The lesson itself has changed since you started it: quit (q) and start it again. Your work stays as it is.'

const versionOf = ({ folder }: Lesson): string => signatureOf(folder) + signatureOf(import.meta.dirname)

const isServer = ({ hosted }: Exercise): boolean => hosted.kind === 'transport' || hosted.kind === 'server'

async function startLaneOf(folder: string, exercise: Exercise, follows: string, port: number): Promise<Program> {
  try {
    return await startProgram(folder, exercise, { follows, port })
  } catch (error) {
    if (error instanceof ProgramEnded && error.trouble.kind === 'port in use')
      return startProgram(folder, exercise, { follows })
    throw error
  }
}

/** The query of the page's first link to the sandbox, so that the page opens in the state that the lesson describes. */
function lookOf({ folder }: Lesson): string {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  return /http:\/\/localhost:3000(\/[^\s)>]*)/.exec(readme)?.[1] ?? '/'
}
