import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exercisesIn, lessonOf } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import { judge } from '../../lessons/kit/judge.ts'
import type { Result } from '../../lessons/kit/judge.ts'
import type { Style } from '../../lessons/kit/report.ts'

/** As where there is no terminal. */
export const PLAIN: Style = { strong: (text) => text, inverse: (text) => text, faint: (text) => text }

/** What a wrong program of a lesson declares beside itself. */
export interface Meant {
  readonly check: string
  readonly hint: string
  /** Why somebody would write this. */
  readonly story: string
}

export function meantOf(lesson: Lesson, mistake: string): Meant {
  return JSON.parse(readFileSync(join(lesson.folder, 'mistakes', mistake, 'meant.json'), 'utf8'))
}

/** The exercises of a lesson that one of its folders, or any other, is about. Types are checked by the linter, all at once. */
export async function judged(lesson: Lesson, folder: string): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const exercise of await exercisesIn(lesson, folder)) {
    results.push(...(await judge(lesson, exercise, folder, { types: false })))
  }
  return results
}

export const failed = (results: readonly Result[]): readonly Result[] =>
  results.filter(({ verdict }) => verdict !== 'pass')

/** A folder outside of the repository with one file, which is gone at the end. */
export async function folderWith(name: string, text: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'fourwire-lesson-'))
  await mkdir(path, { recursive: true })
  writeFileSync(join(path, name), text)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** Runs tasks two at a time, as many as this machine has to give. */
export async function twoAtATime<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const work = async () => {
    for (let i = next++; i < tasks.length; i = next++) {
      const task = tasks[i]
      if (task) results[i] = await task()
    }
  }
  await Promise.all([work(), work()])
  return results
}

export { lessonOf }
