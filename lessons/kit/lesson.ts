/** `npm run lesson`: runs a lesson until it is quit, or answers about the course. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lessonOf, lessons } from './course.ts'
import type { Lesson } from './course.ts'
import { examine } from './doctor.ts'
import { progressIn } from './progress.ts'
import { createRunner } from './runner.ts'
import type { Runner } from './runner.ts'
import { courseText, createScreen } from './screen.ts'
import { resetWork } from './work.ts'

const HELP = `  npm run lesson                     the next lesson that is not done
  npm run lesson 6                   lesson 6
  npm run lesson list                all lessons, and which are done
  npm run lesson reset 6             begin lesson 6 anew; what you had is kept aside
  npm run lesson reset --all         begin all anew
  npm run lesson doctor              what keeps lessons from working on this machine`

const BAD_USAGE = 2

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(BAD_USAGE)
})

async function main([word = 'next', ...rest]: readonly string[]): Promise<void> {
  if (word === '--help' || word === '-h' || word === 'help') return void print(HELP)
  if (word === 'list') return list()
  if (word === 'doctor') return doctor()
  // npm keeps an --all that stands without its -- for itself, and tells of it like this.
  if (word === 'reset') return reset(rest[0] ?? (process.env['npm_config_all'] === 'true' ? '--all' : undefined))
  return run(word === 'next' ? next() : lessonOf(word))
}

function next(): Lesson {
  const progress = progressIn()
  const all = lessons()
  const found = all.find(({ name }) => !progress.isDone(name)) ?? all.at(-1)
  if (!found) throw new Error('There are no lessons here.')
  return found
}

function list(): void {
  const progress = progressIn()
  const course = lessons().map(({ name, title }) => ({ name, title, isDone: progress.isDone(name) }))
  print(courseText(course, next().name))
}

async function doctor(): Promise<void> {
  const findings = await examine()
  for (const { what, isWell, said } of findings)
    print(`  ${(isWell ? '\u2713' : 'no').padEnd(4)}${what.padEnd(14)}${said}`)
  // A port in use and events that do not arrive have a way round, and say it.
  process.exitCode = findings.every(({ isWell }) => isWell) ? 0 : 1
}

function reset(which: string | undefined): void {
  if (which === undefined) throw new Error(`Which lesson?\n\n${HELP}`)
  const progress = progressIn()
  const asked = which === '--all' ? lessons() : [lessonOf(which)]
  for (const lesson of asked) {
    const backup = resetWork(lesson)
    if (backup) print(`${lesson.name}: begun anew; what you had is in ${backup}`)
  }
  const backup = progress.reset(which === '--all' ? undefined : asked[0]?.name)
  print(backup === null ? 'There was no progress to forget.' : `The progress as it was is in ${backup}`)
}

async function run(first: Lesson): Promise<void> {
  // One that is damaged is put aside, and that is said before the screen covers it.
  progressIn().isDone(first.name)
  const screen = createScreen(process.stdout)
  let runner: Runner | null = null
  let lesson = first
  let isPage = false
  let asksReset = false

  /** One after the other: a lesson that is left while it starts would leave its sandbox behind. */
  let opening: Promise<void> = Promise.resolve()
  const open = (which: Lesson): Promise<void> => {
    lesson = which
    opening = opening.then(async () => {
      // Somebody was faster than this one, and wants another.
      if (which !== lesson) return
      await runner?.stop()
      runner = await createRunner(which, (state) => screen.show(state))
      await runner.start()
    })
    return opening
  }
  const quit = async (code: number) => {
    const hardly = setTimeout(() => process.exit(code), 3000)
    await runner?.stop().catch(() => {})
    clearTimeout(hardly)
    screen.close()
    process.exit(code)
  }
  // A second Ctrl-C does not wait.
  let quits = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => (quits++ === 0 ? void quit(0) : process.exit(1)))
  process.on('uncaughtException', (error) => {
    screen.close()
    console.error(error)
    // Whatever was started is ended on the way out.
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
    else if (key === 's') page(solutionText(lesson, runner))
    else if (key === 'n') void open(following(lesson))
    else if (key === ' ') screen.more()
    else if (key === 'x') {
      asksReset = true
      page('Begin this lesson anew? What you have is kept aside. Press x once more if so.')
    }
  })
  await open(first).catch((error: unknown) => {
    screen.close()
    throw error
  })
}

/** Keys as they are pressed. Without a terminal there are none, and signals end the lesson. */
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

function following(lesson: Lesson): Lesson {
  const all = lessons()
  return all.find(({ number }) => number > lesson.number) ?? all[0] ?? lesson
}

/** Only after a pass: what was read before it was tried teaches nothing. */
function solutionText(lesson: Lesson, { state }: Runner): string {
  if (!state.course.some(({ name, isDone }) => name === lesson.name && isDone))
    return 'The solution is shown when all checks have passed once.'
  return state.files.map((file) => readFileSync(join(lesson.folder, 'solution', file), 'utf8')).join('\n')
}
