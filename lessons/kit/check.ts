/** `npm run check`: checks exercises once and says so by its exit code, for students and for autograding. */
import { parseArgs } from 'node:util'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exercisesIn, folderOf, lessonOf, lessons } from './course.ts'
import type { Lesson } from './course.ts'
import { judge } from './judge.ts'
import type { Result } from './judge.ts'
import { progressIn } from './progress.ts'
import { exerciseLine, jsonOf, reportText, styleFor } from './report.ts'
import { typeErrorsOf } from './type-check.ts'

const HELP = `Checks exercises, and ends with 0 where all of them pass, 1 where not, 2 where it was asked wrongly.

  npm run check 3                          the lesson's file in work/, with every check
  npm run check -- --all                   all lessons, a line each
  npm run check -s -- --all --json         every check as JSON, and nothing else on stdout
  npm run check 3 -- --dir solution        start, solution, mistakes/NAME or variants/NAME of the lesson
  npm run check 3 -- --dir /any/folder     a folder anywhere; with several lessons, one folder a lesson in it

  --hints N   how many rungs of the hint are shown, 1 to 3   (1)`

const OPTIONS = {
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  dir: { type: 'string' },
  hints: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const BAD_USAGE = 2

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return BAD_USAGE
})

async function main(): Promise<number> {
  const { values, positionals } = parse()
  if (values.help) {
    print(HELP)
    return 0
  }
  const rungs = Number(values.hints ?? 1)
  if (![1, 2, 3].includes(rungs)) throw new Error(`--hints is ${JSON.stringify(values.hints)}. Give 1, 2 or 3.`)
  const asked = values.all ? lessons() : positionals.map(lessonOf)
  if (asked.length === 0) throw new Error(`Which lesson?\n\n${HELP}`)

  const all: Result[] = []
  for (const lesson of asked) {
    const ofLesson: Result[] = []
    const folder = folderFor(lesson, values.dir, asked.length > 1)
    const exercises = await exercisesIn(lesson, folder)
    const typesOf = typeErrorsOf(folder, exercises)
    for (const exercise of exercises) {
      let output = ''
      const says = (text: string) => (output += text)
      const results = await judge(lesson, exercise, folder, { says, types: typesOf(exercise) })
      ofLesson.push(...results)
      if (values.json) continue
      if (asked.length === 1) {
        print(`${lesson.name}  ${join(folder, `${exercise.name}.ts`)}\n`)
        print(reportText(results, styleFor(process.stdout), rungs))
        if (output.trim() !== '') print(`What your program wrote:\n\n${output.trimEnd().replace(/^/gm, '  | ')}\n`)
      }
      print(exerciseLine(results))
    }
    // Only what a student did counts as done, not a solution or somebody's submission.
    if (values.dir === undefined && hasPassed(ofLesson)) progressIn().finish(lesson.name)
    all.push(...ofLesson)
  }
  if (values.json) print(jsonOf(all))
  return hasPassed(all) ? 0 : 1
}

function hasPassed(results: readonly Result[]): boolean {
  return results.every(({ verdict }) => verdict === 'pass')
}

function parse() {
  try {
    return parseArgs({ args: process.argv.slice(2), options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${HELP}`, { cause: error })
  }
}

function folderFor(lesson: Lesson, dir: string | undefined, isOneOfMany: boolean): string {
  const folder = folderOf(lesson, dir)
  return isOneOfMany && existsSync(join(folder, lesson.name)) ? join(folder, lesson.name) : folder
}
