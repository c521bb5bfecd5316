import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { exercisesIn, lessonOf } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import type { Exercise } from '../../lessons/kit/exercise.ts'
import { judge } from '../../lessons/kit/judge.ts'
import type { CheckResult } from '../../lessons/kit/judge.ts'
import { exercisesWith, temporaryMistake } from '../../lessons/kit/mistakes.ts'
import type { Mistake } from '../../lessons/kit/mistakes.ts'
import type { Style } from '../../lessons/kit/report.ts'

/** Style of a report without a terminal. */
export const PLAIN: Style = { strong: (text) => text, inverse: (text) => text, faint: (text) => text }

/** Judges the program in a folder by all checks. The linter checks the types of all programs at once. */
export async function judged(lesson: Lesson, folder: string): Promise<readonly CheckResult[]> {
  return judgedBy(lesson, folder, await exercisesIn(lesson, folder))
}

/** Judges a mistake, written out to a temporary folder, by the checks of the files that it changes. */
export async function judgedMistake(lesson: Lesson, mistake: Mistake): Promise<readonly CheckResult[]> {
  using program = temporaryMistake(lesson, mistake)
  return await judgedBy(lesson, program.folder, await exercisesWith(lesson, mistake))
}

async function judgedBy(
  lesson: Lesson,
  folder: string,
  exercises: readonly Exercise[],
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const exercise of exercises) results.push(...(await judge(lesson, exercise, folder, { types: false })))
  return results
}

export const failed = (results: readonly CheckResult[]): readonly CheckResult[] =>
  results.filter(({ verdict }) => verdict !== 'pass')

interface Folder extends AsyncDisposable {
  readonly path: string
}

/** Creates a folder with one file outside of the repository. The folder is deleted on disposal. */
export const folderWith = (name: string, text: string): Promise<Folder> => filesIn([[name, text]])

/** Creates a folder outside of the repository with these files (path, text). The folder is deleted on disposal. */
export async function filesIn(files: Iterable<readonly [name: string, text: string]>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'fourwire-lesson-'))
  for (const [name, text] of files) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Keeps twice as many endless loops running as there are processors, until it is disposed of. */
export function busyMachine(): Disposable {
  const loops = Array.from({ length: 2 * availableParallelism() }, () => spawn(process.execPath, ['-e', 'for (;;);']))
  return {
    [Symbol.dispose]() {
      for (const loop of loops) loop.kill('SIGKILL')
    },
  }
}

export { lessonOf }
