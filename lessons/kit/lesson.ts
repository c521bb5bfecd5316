/** `npm run lesson`: runs a lesson until the student quits, or executes a subcommand. */
import '../../server/start/node-version.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onEnding, outliveReaders } from '../../server/start/ending.ts'
import { startTrouble } from '../../server/start/start-trouble.ts'
import { lessonOf, lessons } from './course.ts'
import type { Lesson } from './course.ts'
import { examine } from './doctor.ts'
import { courseOf, huntNamed, huntNumbered, nextHunt } from './hunt.ts'
import type { Hunt } from './hunt.ts'
import { diffText } from './mistakes.ts'
import { progressIn } from './progress.ts'
import type { Leaving, Runner } from './runner.ts'
import { courseText, createScreen } from './screen.ts'
import { workPlace } from './work.ts'

const HELP = `  npm run lesson                     start the next lesson that is not done
  npm run lesson 6                   start lesson 6
  npm run lesson list                list all lessons, and show which are done
  npm run lesson reset 6             start lesson 6 again; your work is kept as a backup
  npm run lesson reset --all         start all lessons again
  npm run lesson hunt 6              hunt a bug in a wrong solution, after lesson 6 is done
  npm run lesson hunt 6 3            hunt the third bug of lesson 6
  npm run lesson 6 -- --mistake NAME hunt a bug by its name in test/lessons/06-…/mistakes.md, which reveals it
  npm run lesson doctor              find out why lessons do not work on this machine`

const BAD_USAGE = 2

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

outliveReaders()

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(startTrouble(error))
  process.exit(BAD_USAGE)
})

async function main([word = 'next', ...rest]: readonly string[]): Promise<void> {
  if (word === '--help' || word === '-h' || word === 'help') return void print(HELP)
  if (word === 'list') return list()
  if (word === 'doctor') return doctor()
  // Without --, npm takes --all for itself, and passes it in this variable.
  if (word === 'reset') return reset(rest[0] ?? (process.env['npm_config_all'] === 'true' ? '--all' : undefined))
  if (word === 'hunt') return run(huntAsked(rest))
  const lesson = word === 'next' ? next() : lessonOf(word)
  return run({ lesson, hunt: mistakeAsked(lesson, rest) })
}

interface Task {
  readonly lesson: Lesson
  readonly hunt: Hunt | null
}

/** Returns the hunt for the arguments of `hunt 8` or `hunt 8 3`. */
function huntAsked([which, number]: readonly string[]): Task {
  if (which === undefined) throw new Error(`Which lesson?\n\n${HELP}`)
  const lesson = lessonOf(which)
  if (!progressIn().isDone(lesson.name)) throw new Error(notDone(lesson))
  if (number !== undefined) return { lesson, hunt: huntNumbered(lesson, number) }
  const hunt = nextHunt(lesson, progressIn())
  if (!hunt) throw new Error(allFound(lesson))
  return { lesson, hunt }
}

/** Returns the hunt for `--mistake NAME`, or null. Without `--`, npm keeps `--mistake` for itself and passes only the name. */
function mistakeAsked(lesson: Lesson, rest: readonly string[]): Hunt | null {
  const isKept = process.env['npm_config_mistake'] === 'true'
  if (rest.length === 0 && !isKept) return null
  const [name, ...more] = isKept
    ? rest
    : rest[0] === '--mistake'
      ? rest.slice(1)
      : (/^--mistake=(.*)$/.exec(rest[0] ?? '')?.slice(1) ?? [])
  if (name === undefined || more.length > 0) throw new Error(`Unknown: ${rest.join(' ')}\n\n${HELP}`)
  return huntNamed(lesson, name)
}

function notDone({ number }: Lesson): string {
  return `A bug hunt shows most of the solution, so lesson ${number} has to be done first: npm run lesson ${number}`
}

function allFound({ number }: Lesson): string {
  return `All bugs of lesson ${number} are found. To hunt one again, give its number: npm run lesson hunt ${number} 1`
}

function next(): Lesson {
  const progress = progressIn()
  const all = lessons()
  const isDone = ({ name }: Lesson): boolean => progress.isDone(name)
  // Lesson 0 is for newcomers. A student who has finished a later lesson is not sent back to it.
  const course = all.some(isDone) ? all.filter(({ number }) => number > 0) : all
  const found = course.find((lesson) => !isDone(lesson)) ?? course.at(-1)
  if (!found) throw new Error('There are no lessons here.')
  return found
}

function list(): void {
  const progress = progressIn()
  print(courseText(courseOf(progress), next().name))
}

async function doctor(): Promise<void> {
  const findings = await examine()
  for (const { what, isWell, said } of findings)
    print(`  ${(isWell ? '\u2713' : 'no').padEnd(4)}${what.padEnd(14)}${said}`)
  // Exit code 1 if any diagnosis is bad, even one that the kit can work around.
  process.exitCode = findings.every(({ isWell }) => isWell) ? 0 : 1
}

function reset(which: string | undefined): void {
  if (which === undefined) throw new Error(`Which lesson?\n\n${HELP}`)
  const progress = progressIn()
  const asked = which === '--all' ? lessons() : [lessonOf(which)]
  for (const lesson of asked) {
    const backup = workPlace(lesson).reset()
    if (backup) print(`${lesson.name}: started again; your earlier work is in ${backup}`)
  }
  const backup = progress.reset(which === '--all' ? undefined : asked[0]?.name)
  print(backup === null ? 'There was no progress to reset.' : `The earlier progress is in ${backup}`)
}

async function run(first: Task): Promise<void> {
  // Reads the progress now, so that a message about a damaged file appears before the screen is drawn.
  progressIn().isDone(first.lesson.name)
  const screen = createScreen(process.stdout)
  let runner: Runner | null = null
  let task = first
  let isPage = false
  let asksReset = false

  /** Starts lessons one after the other, because a lesson that is left while it starts would leave its sandbox running. */
  let opening: Promise<void> = Promise.resolve()
  const open = (which: Task): Promise<void> => {
    task = which
    opening = opening.then(async () => {
      // The student has chosen another lesson in the meantime.
      if (which !== task) return
      await runner?.stop()
      // Imported here, because `doctor` has to work without the packages.
      const { createRunner } = await import('./runner.ts')
      runner = await createRunner(which.lesson, (state) => screen.show(state), which.hunt, leave)
      await runner.start()
    })
    return opening
  }
  const leave = (to: Leaving): void => {
    if (to === 'hunt') {
      const other = turned(task)
      return typeof other === 'string' ? runner?.say(other) : void open(other)
    }
    const lesson = lessons().find(({ name }) => name === to.start)
    if (lesson) void open({ lesson, hunt: null })
  }
  const quit = async (code: number) => {
    const hardly = setTimeout(() => process.exit(code), 3000)
    await runner?.stop().catch(() => {})
    clearTimeout(hardly)
    screen.close()
    process.exit(code)
  }
  // A second Ctrl-C exits at once.
  let quits = 0
  onEnding(
    process.env['FOURWIRE_LAUNCHER'],
    () => (quits++ === 0 ? void quit(0) : process.exit(1)),
    () => process.exit(1),
  )
  process.on('uncaughtException', (error) => {
    screen.close()
    console.error(error)
    // Handlers of `exit` end the child processes.
    process.exit(1)
  })

  listen((key) => {
    if (!runner) return
    const { state } = runner
    if (key === '\u0003' || key === 'q') return void (quits++ === 0 ? quit(0) : process.exit(1))
    if (isPage) {
      if (!asksReset && key !== '\u001b' && screen.more()) return
      isPage = false
      screen.back(state)
      if (asksReset && key === 'x') runner.reset()
      asksReset = false
      return
    }
    const page = (text: string) => {
      isPage = true
      screen.page(text, state)
    }
    if (key === 'r') runner.check()
    else if (key === 'h') runner.nextHint()
    else if (key === 'l') page(courseText(state.course, state.lesson))
    else if (key === 's') page(solutionText(task, runner))
    else if (key === 'n') void open(following(task))
    else if (key === 'b') {
      const other = turned(task)
      if (typeof other === 'string') page(other)
      else void open(other)
    } else if (key === ' ') screen.more()
    else if (key === 'x') {
      asksReset = true
      page(
        `Start this ${task.hunt ? 'hunt' : 'lesson'} again? Your work is kept as a backup. Press x again to confirm, or any other key to go back.`,
      )
    }
  })
  await open(first).catch((error: unknown) => {
    screen.close()
    throw error
  })
}

/** Calls back for each key. Without a terminal there are no keys, and signals end the lesson. */
function listen(pressed: (key: string) => void): void {
  const { stdin } = process
  if (!stdin.isTTY) return
  stdin
    .setRawMode(true)
    .setEncoding('utf8')
    .on('data', (keys: Buffer | string) => {
      for (const key of String(keys)) pressed(key)
    })
}

/** Returns the next lesson, or after a hunt the next hunt of the same lesson if there is one. */
function following({ lesson, hunt }: Task): Task {
  const another = hunt && nextHunt(lesson, progressIn())
  if (another) return { lesson, hunt: another }
  const all = lessons()
  return { lesson: all.find(({ number }) => number > lesson.number) ?? all[0] ?? lesson, hunt: null }
}

/** Changes from the student's work to a hunt, or back. Returns a sentence if there is no hunt. */
function turned({ lesson, hunt }: Task): Task | string {
  if (hunt) return { lesson, hunt: null }
  const progress = progressIn()
  if (!progress.isDone(lesson.name)) return notDone(lesson)
  const next = nextHunt(lesson, progress)
  return next ? { lesson, hunt: next } : allFound(lesson)
}

/** Returns the solution only after a pass, because a student who reads it first learns less. */
function solutionText({ lesson, hunt }: Task, { state }: Runner): string {
  if (hunt) {
    const isFound = progressIn().hasFound(lesson.name, hunt.mistake.name)
    return isFound ? `${hunt.mistake.story}\n\n${diffText(hunt.mistake)}` : 'The bug is shown when you have found it.'
  }
  if (!state.course.some(({ name, isDone }) => name === lesson.name && isDone))
    return 'You can read the solution after all checks have passed once.'
  return state.files.map((file) => readFileSync(join(lesson.folder, 'solution', file), 'utf8')).join('\n')
}
