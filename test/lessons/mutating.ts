/** `npm run test:lessons -- --mutants 7`: judges every mutant of a solution, and reports those that no check catches. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exercisesOf, lessonOf, lessons } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import type { Exercise } from '../../lessons/kit/exercise.ts'
import { judge } from '../../lessons/kit/judge.ts'
import type { CheckResult } from '../../lessons/kit/judge.ts'
import { typeErrorsIn } from '../../lessons/kit/type-check.ts'
import { mutantsOf } from './mutants.ts'
import type { Mutant } from './mutants.ts'
import { isSame, survivorsOf } from './survivors.ts'

/** A mutant of a lesson's solution. */
export interface Numbered extends Mutant {
  /** Place in the list of the lesson's mutants, from 1. */
  readonly number: number
  readonly file: string
  readonly exercise: Exercise
}

/** Number of mutants that are judged at the same time. */
const AT_ONCE = 2

/**
 * Judges the mutants of the given lessons, or of all. With `--only 12,sse.ts:40` it judges only the mutants with these
 * numbers or in these lines. Returns true if each survivor has a reason.
 */
export async function proveMutants(args: readonly string[]): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { mutants: { type: 'boolean' }, only: { type: 'string' } },
    allowPositionals: true,
  })
  const only = values.only?.split(',') ?? null
  const chosen = positionals.length === 0 ? lessons() : positionals.map(lessonOf)
  let isGood = true
  for (const lesson of chosen) isGood = (await proveLesson(lesson, only)) && isGood
  return isGood
}

/** Returns the mutants of all files of the lesson's solution. */
export async function mutantsIn(lesson: Lesson): Promise<readonly Numbered[]> {
  const exercises = await exercisesOf(lesson)
  return exercises
    .flatMap((exercise) => {
      const file = `${exercise.name}.ts`
      const source = readFileSync(join(lesson.folder, 'solution', file), 'utf8').replaceAll('\r\n', '\n')
      return mutantsOf(source).map((mutant) => ({ ...mutant, file, exercise }))
    })
    .map((mutant, i) => ({ ...mutant, number: i + 1 }))
}

async function proveLesson(lesson: Lesson, only: readonly string[] | null): Promise<boolean> {
  const all = await mutantsIn(lesson)
  const chosen = all.filter(
    ({ number, file, line }) => only === null || only.includes(String(number)) || only.includes(`${file}:${line}`),
  )
  const survivors: { readonly mutant: Numbered; readonly unclear: CheckResult | undefined }[] = []
  let done = 0
  const left = chosen.values()
  const judgeThem = async () => {
    for (const mutant of left) {
      const results = await judged(lesson, mutant)
      if (!results.some(({ verdict }) => verdict === 'fail'))
        survivors.push({ mutant, unclear: results.find(({ verdict }) => verdict !== 'pass') })
      done += 1
      if (process.stderr.isTTY)
        process.stderr.write(`\r${lesson.name}: ${done} of ${chosen.length}, ${survivors.length} not caught \u001b[K`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, judgeThem))
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')

  const illTyped = await withTypeErrors(
    lesson,
    survivors.map(({ mutant }) => mutant),
  )
  const typed = survivors.filter(({ mutant }) => !illTyped.has(mutant))
  const accepted = survivorsOf(lesson)
  const isAccepted = (mutant: Numbered) => accepted.some((survivor) => isSame(survivor, mutant))
  const open = typed.filter(({ mutant }) => !isAccepted(mutant)).toSorted((a, b) => a.mutant.number - b.mutant.number)
  // A change in the list that is caught now, or that is not made any more.
  const obsolete =
    only === null ? accepted.filter((survivor) => !typed.some(({ mutant }) => isSame(survivor, mutant))) : []

  for (const { mutant, unclear } of open) {
    console.log(`\n${lesson.name} #${mutant.number} ${mutant.file}:${mutant.line}: ${mutant.operator}`)
    console.log(mutant.diff)
    if (unclear) console.log(`Could not tell: ${unclear.check}: ${unclear.finding?.saw}`)
  }
  for (const { file, diff } of obsolete)
    console.log(`\n${lesson.name}: survivors.md lists a change of ${file} that no longer survives:\n${diff}`)
  console.log(
    `${lesson.name}: ${chosen.length - typed.length} of ${chosen.length} mutants are caught` +
      ` (${illTyped.size} of them only by the type check), ${typed.length - open.length} survive for a reason,` +
      ` ${open.length} for none`,
  )
  if (open.length > 0) {
    const numbers = open.map(({ mutant }) => mutant.number).join(',')
    console.log(`These again: npm run test:lessons -- --mutants ${lesson.number} --only ${numbers}`)
  }
  return open.length === 0 && obsolete.length === 0
}

/** Runs the checks until the first one that fails. */
async function judged(lesson: Lesson, mutant: Numbered): Promise<readonly CheckResult[]> {
  using program = folderOf(lesson, mutant)
  const caught = new AbortController()
  return await judge(lesson, mutant.exercise, program.path, {
    types: false,
    signal: caught.signal,
    onResult: ({ verdict }) => verdict === 'fail' && caught.abort(),
  })
}

/** Writes the solution with the mutant in it to a temporary folder, which is deleted on disposal. */
function folderOf(lesson: Lesson, { file, text }: Numbered): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'fourwire-mutant-'))
  cpSync(join(lesson.folder, 'solution'), path, { recursive: true })
  writeFileSync(join(path, file), text)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** Returns the mutants that the type check refuses. A student sees its errors like those of the other checks. */
async function withTypeErrors(lesson: Lesson, mutants: readonly Numbered[]): Promise<ReadonlySet<Numbered>> {
  const path = mkdtempSync(join(tmpdir(), 'fourwire-mutants-'))
  try {
    for (const { number, file, text } of mutants) {
      cpSync(join(lesson.folder, 'solution'), join(path, String(number)), { recursive: true })
      writeFileSync(join(path, String(number), file), text)
    }
    const files = mutants.map(({ number, file }) => `${number}/${file}`)
    const errors = files.length === 0 ? [] : await typeErrorsIn(path, files, true)
    return new Set(mutants.filter((_, i) => errors.some((error) => error.startsWith(`${files[i]}:`))))
  } finally {
    rmSync(path, { recursive: true })
  }
}
