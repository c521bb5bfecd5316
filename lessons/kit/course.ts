/** The lessons, found by their folders: a new one is a folder and needs no change anywhere else. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Exercise } from './exercise.ts'

export interface Lesson {
  readonly number: number
  /** `03-short-polling`. */
  readonly name: string
  /** The first heading of its README. */
  readonly title: string
  readonly folder: string
}

export const REPOSITORY = join(import.meta.dirname, '../..')
const LESSONS = join(REPOSITORY, 'lessons')

/** Where students work; git-ignored, so that an update never meets their edits. */
export const WORK = process.env['FOURWIRE_WORK'] ?? join(REPOSITORY, 'work')

export function lessons(): readonly Lesson[] {
  return readdirSync(LESSONS)
    .filter((name) => /^\d\d-[a-z0-9-]+$/.test(name) && existsSync(join(LESSONS, name, 'check.ts')))
    .toSorted()
    .map((name) => {
      const folder = join(LESSONS, name)
      return { number: Number(name.slice(0, 2)), name, title: titleOf(folder) ?? name, folder }
    })
}

/** By number (`6`, `06`) or by name, whole or not (`06-building`). Throws an error that says which there are. */
export function lessonOf(text: string): Lesson {
  const all = lessons()
  const found = all.find(({ number, name }) =>
    /^\d+$/.test(text) ? number === Number(text) : name === text || name.slice(3) === text,
  )
  if (found) return found
  throw new Error(`There is no lesson ${JSON.stringify(text)}. There are: ${all.map(({ name }) => name).join(', ')}.`)
}

export async function exercisesOf(lesson: Lesson): Promise<readonly Exercise[]> {
  const { exercises }: { exercises: readonly Exercise[] } = await import(
    pathToFileURL(join(lesson.folder, 'check.ts')).href
  )
  return exercises
}

/**
 * Those that a program in this folder is judged by. One of the lesson's wrong or other right programs is about the files
 * that it holds, and about no others; anywhere else there has to be a file for each. Throws an error where it is about none.
 */
export async function exercisesIn(lesson: Lesson, folder: string): Promise<readonly Exercise[]> {
  const exercises = await exercisesOf(lesson)
  const [kind = ''] = relative(lesson.folder, folder).split(sep)
  if (!KINDS.includes(kind)) return exercises
  const held = exercises.filter(({ name }) => existsSync(join(folder, `${name}.ts`)))
  if (held.length > 0) return held
  const files = exercises.map(({ name }) => `${name}.ts`).join(' and no ')
  throw new Error(
    `There is no ${files} in ${folder}. Such a folder holds each file that it is about, and at least one.`,
  )
}

const KINDS = ['mistakes', 'variants']

/** The folder that is checked: `solution`, `mistakes/NAME` and so on are the lesson's, anything else is a path. */
export function folderOf(lesson: Lesson, dir: string | undefined): string {
  if (dir === undefined) return join(WORK, lesson.name)
  const isOfLesson = /^(?:start|solution|(?:mistakes|variants)\/[a-z0-9-]+)\/?$/.test(dir)
  return isOfLesson ? join(lesson.folder, dir) : resolve(dir)
}

/** `mistakes` or `variants`: the names of the lesson's wrong and of its other right programs. */
export function namesIn(lesson: Lesson, kind: 'mistakes' | 'variants'): readonly string[] {
  const folder = join(lesson.folder, kind)
  return existsSync(folder) ? readdirSync(folder).toSorted() : []
}

function titleOf(folder: string): string | undefined {
  const readme = join(folder, 'README.md')
  return existsSync(readme) ? /^# (.*)$/m.exec(readFileSync(readme, 'utf8'))?.[1] : undefined
}
