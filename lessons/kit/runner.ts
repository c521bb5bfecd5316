/**
 * A running lesson: it starts the sandbox, the student's server and the watcher, and checks on every save.
 * Its state is one plain object, which is passed on after every change.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listenersOn } from '../../server/start/other-listeners.ts'
import type { LessonState, LessonWish } from '../../server/lessons/state.ts'
import { exercisesOf, pageOf } from './course.ts'
import type { Lesson } from './course.ts'
import type { Exercise } from './exercise.ts'
import { courseOf, huntPlace } from './hunt.ts'
import type { CourseLesson, Hunt } from './hunt.ts'
import { judge } from './judge.ts'
import { createLookRun } from './look-run.ts'
import type { CheckResult } from './judge.ts'
import { progressIn } from './progress.ts'
import { startProgram } from './program.ts'
import type { Program, ProgramOptions } from './program.ts'
import { forgetRunning, keepRunning } from './running.ts'
import { startSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { ProgramEnded } from './trouble.ts'
import { typeErrorsOf } from './type-check.ts'
import { signatureOf, watchFolder } from './watch.ts'
import type { Noticing, Watcher } from './watch.ts'
import { workPlace } from './work.ts'

/** State of the lesson with the additional fields for the terminal. */
export interface RunnerState extends LessonState {
  /** Folder of the student's files. */
  readonly folder: string
  /** Address of the page with the lesson, the lanes and the checks; null while there is no sandbox. */
  readonly page: string | null
  /** Address of the sandbox in the state that the lesson describes; null while there is no sandbox. */
  readonly look: string | null
  /** True if the student's program is a server; false for functions, which are only called. */
  readonly isServer: boolean
  /** Address of the lesson's companion program; null if there is none. */
  readonly companion: string | null
  readonly noticing: Noticing
  /** Results of the current or last run so far. */
  readonly results: readonly CheckResult[]
  /** Output of the student's program in the current or last run. */
  readonly output: string
  readonly course: readonly CourseLesson[]
}

export interface Runner {
  readonly state: RunnerState
  start(): Promise<void>
  check(): void
  nextHint(): void
  /** Shows a sentence in the terminal and on the page. */
  say(sentence: string): void
  /** Moves the work to the backups, and starts again. */
  reset(): void
  stop(): Promise<void>
}

const SANDBOX_PORT = 3000

/** Base of the student's port: 4100 + lesson number. */
export const LANE_PORT = 4100

/** Base of the companion program's port: 4200 + lesson number. */
const COMPANION_PORT = 4200

const OUTPUT_CHARS = 4000

/** Where a page wants to go: to another lesson, or from the lesson to a hunt and back. */
export type Leaving = Extract<LessonWish, 'hunt' | { start: string }>

/** `hunt`: bug hunt whose program is run instead of the student's work; a pass shows the story of its bug. */
export async function createRunner(
  lesson: Lesson,
  onState: (state: RunnerState) => void,
  hunt: Hunt | null = null,
  onLeave: (to: Leaving) => void = () => {},
): Promise<Runner> {
  const exercises = await exercisesOf(lesson)
  const version = versionOf(lesson)
  const progress = progressIn()
  const place = hunt ? huntPlace(hunt, progress) : workPlace(lesson)
  const firstRungs = hunt ? 0 : 1
  const looks = createLookRun(lesson, (looking) => set({ looking }))
  let sandbox: Sandbox | null = null
  let lane: Program | null = null
  let companion: Program | null = null
  let watcher: Watcher | null = null
  let running: Promise<void> | null = null
  let again = false
  let state: RunnerState = {
    lesson: lesson.name,
    title: lesson.title,
    folder: place.folder,
    hunt: hunt && { number: hunt.number, of: hunt.of },
    files: exercises.map(({ name }) => `${name}.ts`),
    is: 'starting',
    said: 'Starting the sandbox.',
    page: null,
    look: null,
    isServer: exercises.some(isServer),
    companion: null,
    yours: null,
    transport: exercises.find(({ hosted }) => hosted.kind === 'transport')?.name ?? null,
    noticing: 'events',
    results: [],
    checkedAtMs: null,
    rungs: firstRungs,
    output: '',
    looking: null,
    course: courseOf(progress),
  }

  return {
    get state() {
      return state
    },
    async start() {
      const isNew = place.begin()
      if (hunt) set({ said: huntText(hunt, isNew, place.folder) })
      else if (isNew) set({ said: `Copied your files to ${place.folder}.` })
      watcher = watchFolder(place.folder, check)
      sandbox = await startSandbox(SANDBOX_PORT, wished)
      set({ page: sandbox.linkTo(`/lessons/${lesson.name}`), look: sandbox.linkTo(lookOf(lesson)) })
      keepPlaces()
      void sandbox.ended.then((said) => {
        if (state.is !== 'stopped') set({ page: null, look: null, said: `The sandbox has stopped. ${said}` })
      })
      await startCompanion(sandbox.origin)
      check()
    },
    check,
    nextHint,
    say: (said) => set({ said }),
    reset() {
      // Stopped first, because Windows cannot move a folder that is watched.
      watcher?.stop()
      const backup = place.reset()
      place.begin()
      if (!hunt) progress.reset(lesson.name)
      watcher = watchFolder(place.folder, check)
      set({
        said: backup === null ? 'Started again.' : `Started again; your earlier work is in ${backup}.`,
        course: courseOf(progress),
      })
      check()
    },
    async stop() {
      set({ is: 'stopped', said: 'Stopping.' })
      forgetRunning()
      watcher?.stop()
      await running
      await looks.run(null)
      await lane?.stop()
      await companion?.stop()
      await sandbox?.stop()
    },
  }

  function set(change: Partial<RunnerState>): void {
    state = { ...state, ...change, noticing: watcher?.by ?? state.noticing }
    onState(state)
    sandbox?.tell(state)
  }

  function keepPlaces(): void {
    if (sandbox && state.is !== 'stopped')
      keepRunning({ lesson: lesson.number, sandbox: sandbox.origin, yours: state.yours, token: sandbox.token })
  }

  function wished(wish: LessonWish): void {
    if (wish === 'check') check()
    else if (wish === 'hint') nextHint()
    else if (wish === 'hunt' || 'start' in wish) onLeave(wish)
    else if (state.is !== 'stopped') void looks.run(wish.look)
  }

  function nextHint(): void {
    set({ rungs: Math.min(3, state.rungs + 1) })
  }

  /** Starts a run, or another one after the current run. */
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
    set({ is: 'checking', said: 'Checking.', results: [], rungs: firstRungs, output: '' })
    await startLane()
    const results: CheckResult[] = []
    const typesOf = typeErrorsOf(place.folder, exercises)
    for (const exercise of exercises) {
      const onOutput = (text: string) => set({ output: (state.output + text).slice(-OUTPUT_CHARS) })
      const onResult = (result: CheckResult) => {
        results.push(result)
        set({ results: [...results] })
      }
      await judge(lesson, exercise, place.folder, { onOutput, onResult, types: typesOf(exercise) })
    }
    const isDone = results.every(({ verdict }) => verdict === 'pass')
    if (isDone && hunt) progress.find(lesson.name, hunt.mistake.name)
    else if (isDone) progress.finish(lesson.name)
    if (state.is === 'stopped') return
    const said = isDone ? passText(hunt) : 'Waiting for you to save.'
    const isOld = versionOf(lesson) !== version
    set({
      is: 'waiting',
      said: isOld ? `${said} ${CHANGED}` : said,
      results,
      checkedAtMs: Date.now(),
      course: courseOf(progress),
    })
  }

  async function startCompanion(follows: string): Promise<void> {
    const name = exercises.find(({ companion }) => companion !== undefined)?.companion
    if (name === undefined) return
    const exercise: Exercise = { name, hosted: { kind: 'server' }, checks: [] }
    companion = await startLaneOf(lesson.folder, exercise, COMPANION_PORT + lesson.number, { follows })
    set({ companion: `http://localhost:${companion.port}` })
  }

  /** Restarts the student's server, which follows the sandbox's feed. */
  async function startLane(): Promise<void> {
    const former = lane
    lane = null
    await former?.stop()
    const exercise = exercises.find(isServer)
    if (!exercise || !sandbox) return
    try {
      const served = { follows: sandbox.origin, page: pageOf(lesson) }
      const started = await startLaneOf(place.folder, exercise, LANE_PORT + lesson.number, served)
      lane = started
      set({ yours: `http://localhost:${started.port}` })
      keepPlaces()
      void started.ended.then(({ what }) => {
        if (lane === started && state.is !== 'stopped') set({ yours: null, said: `Your server has stopped. ${what}` })
      })
    } catch {
      // The first check reports why the server does not start.
      set({ yours: null })
    }
  }
}

function huntText({ lesson, number, of }: Hunt, isNew: boolean, folder: string): string {
  const begun = isNew
    ? `The solution with one bug is in ${folder}. Find it only with the checks and the wire.`
    : `Continuing with the program in ${folder}.`
  return `Bug hunt ${number} of ${of}. ${begun} Your own work is kept; go back to it with npm run lesson ${lesson.number}.`
}

/** Story of a bug, shown after the student has found it. */
function passText(hunt: Hunt | null): string {
  return hunt
    ? `Found: all checks pass. The story of this bug: ${hunt.mistake.story} In the terminal, s shows it again, and n starts the next hunt.`
    : 'All checks pass. Now compare your prediction with the result. In the terminal, b starts a bug hunt.'
}

/** Message after an update, because the checks are loaded only once. */
const CHANGED = 'The lesson has been updated since you started it. Quit (q) and start it again. Your work is kept.'

const versionOf = ({ folder }: Lesson): string => signatureOf(folder) + signatureOf(import.meta.dirname)

const isServer = ({ hosted }: Exercise): boolean => hosted.kind === 'transport' || hosted.kind === 'server'

async function startLaneOf(
  folder: string,
  exercise: Exercise,
  port: number,
  options: Pick<ProgramOptions, 'follows' | 'page'>,
): Promise<Program> {
  if ((await listenersOn(port)).length > 0) return startProgram(folder, exercise, options)
  try {
    return await startProgram(folder, exercise, { ...options, port })
  } catch (error) {
    if (error instanceof ProgramEnded && error.trouble.kind === 'port in use')
      return startProgram(folder, exercise, options)
    throw error
  }
}

/** Path and query of the first link to the sandbox in the lesson's text. */
function lookOf({ folder }: Lesson): string {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  return /http:\/\/localhost:3000(\/[^\s)>]*)/.exec(readme)?.[1] ?? '/'
}
