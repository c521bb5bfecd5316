/** `npm run check`: checks exercises once and reports the result as text and exit code, for students and for autograding. */
import '../../server/start/node-version.ts'
import { parseArgs } from 'node:util'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { outliveReaders } from '../../server/start/ending.ts'
import { startTrouble } from '../../server/start/start-trouble.ts'
import { exercisesIn, folderOf, lessonOf, lessons } from './course.ts'
import type { Lesson } from './course.ts'
import type { CheckResult } from './judge.ts'
import { progressIn } from './progress.ts'
import { exercisesWith, mistakeOf, temporaryMistake, writeMistake } from './mistakes.ts'
import { exerciseLine, jsonOf, reportText, styleFor } from './report.ts'
import { typeErrorsOf } from './type-check.ts'

const HELP = `Checks exercises. The exit code is 0 if all checks pass, 1 if one fails, and 2 if the arguments are wrong.

  npm run check 3                          every check of the lesson, for your files in work/
  npm run check -- --all                   all lessons, with one line for each exercise
  npm run check -s -- --all --json         every check as JSON, with no other output
  npm run check 3 -- --dir solution        the lesson's start, solution or variants/NAME
  npm run check 3 -- --dir /any/folder     any folder; with several lessons, it contains one folder for each
  npm run check 3 -- --mistake empty-list  a wrong program of the lesson, from test/lessons/03-short-polling/mistakes.md

  --hints N   number of hint steps to show, 1 to 3   (1)
  --out DIR   with --mistake: keeps the wrong program in this new folder, for --dir`

const OPTIONS = {
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  dir: { type: 'string' },
  mistake: { type: 'string' },
  out: { type: 'string' },
  hints: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const BAD_USAGE = 2

/** Length of the end of a program's output that is shown, so that the report stays on the screen. */
const OUTPUT_CHARS = 10_000

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

outliveReaders()

process.exitCode = await main().catch((error: unknown) => {
  console.error(startTrouble(error))
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

  const { dir, out } = values
  // `mistakes/NAME` was a folder once.
  const name = values.mistake ?? /^mistakes[\\/]([a-z0-9-]+)[\\/]?$/.exec(dir ?? '')?.[1]
  if (name !== undefined && (asked.length > 1 || (values.mistake !== undefined && dir !== undefined)))
    throw new Error('--mistake names a wrong program of one lesson. Give it one lesson and no --dir.')
  if (out !== undefined && name === undefined) throw new Error('--out keeps a wrong program: give --mistake as well.')
  if (out !== undefined && existsSync(out)) throw new Error(`${out} exists. Give --out the name of a new folder.`)

  // Imported here, because --help has to work without the packages.
  const { judge } = await import('./judge.ts')
  const all: CheckResult[] = []
  for (const lesson of asked) {
    const ofLesson: CheckResult[] = []
    const mistake = name === undefined ? null : mistakeOf(lesson, name)
    // Node 22.18 reads this file, and has no `using`.
    const temporary = mistake && out === undefined ? temporaryMistake(lesson, mistake) : null
    try {
      if (mistake && out !== undefined) writeMistake(lesson, mistake, out)
      const folder = temporary?.folder ?? out ?? folderFor(lesson, dir, asked.length > 1)
      const exercises = await (mistake ? exercisesWith(lesson, mistake) : exercisesIn(lesson, folder))
      const typesOf = typeErrorsOf(folder, exercises)
      for (const exercise of exercises) {
        let output = ''
        const onOutput = (text: string) => (output = `${output}${text}`.slice(-OUTPUT_CHARS))
        const results = await judge(lesson, exercise, folder, { onOutput, types: typesOf(exercise) })
        ofLesson.push(...results)
        if (values.json) continue
        if (asked.length === 1) {
          const place =
            mistake && !out ? `mistake ${mistake.name}, ${exercise.name}.ts` : join(folder, `${exercise.name}.ts`)
          print(`${lesson.name}  ${place}\n`)
          print(reportText(results, styleFor(process.stdout), rungs))
          if (output.trim() !== '') print(`Output of your program:\n\n${output.trimEnd().replace(/^/gm, '  | ')}\n`)
        }
        print(exerciseLine(results))
      }
    } finally {
      temporary?.[Symbol.dispose]()
    }
    // Only the student's own work counts as done, not a solution or a submission.
    if (dir === undefined && mistake === null && hasPassed(ofLesson)) progressIn().finish(lesson.name)
    all.push(...ofLesson)
  }
  if (values.json) print(jsonOf(all))
  return hasPassed(all) ? 0 : 1
}

function hasPassed(results: readonly CheckResult[]): boolean {
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
