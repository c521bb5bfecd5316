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

/** Folder of the students' work; ignored by git, so that an update never conflicts with their edits. */
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

/** Finds a lesson by number (`6`, `06`) or by name, with or without its number. Throws an error that lists all lessons. */
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
 * Returns the exercises by which the program in this folder is judged. A variant of the lesson is judged by the files that
 * it holds; any other folder needs a file for each exercise. Throws an error if a variant holds no file of the lesson.
 */
export async function exercisesIn(lesson: Lesson, folder: string): Promise<readonly Exercise[]> {
  const exercises = await exercisesOf(lesson)
  const [kind = ''] = relative(proofOf(lesson), folder).split(sep)
  if (kind !== VARIANTS) return exercises
  const held = exercises.filter(({ name }) => existsSync(join(folder, `${name}.ts`)))
  if (held.length > 0) return held
  const files = exercises.map(({ name }) => `${name}.ts`).join(' and no ')
  throw new Error(`There is no ${files} in ${folder}. A variant needs at least one file of its lesson.`)
}

const VARIANTS = 'variants'

/** Returns the folder that is checked. `start`, `solution` and `variants/NAME` belong to the lesson; anything else is a path. */
export function folderOf(lesson: Lesson, dir: string | undefined): string {
  if (dir === undefined) return join(WORK, lesson.name)
  if (/^(?:start|solution)[\\/]?$/.test(dir)) return join(lesson.folder, dir)
  return /^variants[\\/][a-z0-9-]+[\\/]?$/.test(dir) ? join(proofOf(lesson), dir) : resolve(dir)
}

/** File of the page that uses what the lesson builds; undefined if the lesson has none. */
export function pageOf({ folder }: Lesson): string | undefined {
  const page = join(folder, 'page.html')
  return existsSync(page) ? page : undefined
}

/** Folder with the proof of a lesson's checks: `mistakes.md` and `variants/`. A student has no reason to look there. */
export const proofOf = ({ name }: Lesson): string => join(REPOSITORY, 'test/lessons', name)

/** Names of the lesson's other right programs. */
export function variantsOf(lesson: Lesson): readonly string[] {
  const folder = join(proofOf(lesson), VARIANTS)
  return existsSync(folder) ? readdirSync(folder).toSorted() : []
}

function titleOf(folder: string): string | undefined {
  const readme = join(folder, 'README.md')
  return existsSync(readme) ? /^# (.*)$/m.exec(readFileSync(readme, 'utf8'))?.[1] : undefined
}
