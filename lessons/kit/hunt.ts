/**
 * Bug hunts: a student looks for the mistake in a wrong solution, with the help of the checks and the wire. A hunt has
 * its own folder, `work/hunts/NN-name`, so that it never touches the student's work.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WORK, lessons } from './course.ts'
import type { Lesson } from './course.ts'
import { mistakeOf, mistakesOf, writeMistake } from './mistakes.ts'
import type { Mistake } from './mistakes.ts'
import type { Progress } from './progress.ts'
import { putAside } from './work.ts'
import type { WorkFolder } from './work.ts'

export interface Hunt {
  readonly lesson: Lesson
  readonly mistake: Mistake
  /** Position in the lesson's list of mistakes, from 1. The name of the mistake would reveal too much. */
  readonly number: number
  /** Length of that list. */
  readonly of: number
}

/** Numbers of a lesson's bugs: found ones, and all. */
export interface Bugs {
  readonly found: number
  readonly of: number
}

/** A lesson in the list of the course. */
export interface CourseLesson {
  readonly name: string
  readonly title: string
  readonly isDone: boolean
  /** Bugs of the lesson, which are offered when the lesson is done. */
  readonly bugs: Bugs
}

const HUNTS = join(WORK, 'hunts')

/** Returns the hunt with this number. Throws an error that lists the numbers. */
export function huntNumbered(lesson: Lesson, text: string): Hunt {
  const hunt = /^\d+$/.test(text) ? huntsOf(lesson)[Number(text) - 1] : undefined
  if (hunt) return hunt
  throw new Error(`Lesson ${lesson.number} has the bug hunts 1 to ${huntsOf(lesson).length}, and no ${text}.`)
}

/** Returns the hunt for the mistake of this name. */
export function huntNamed(lesson: Lesson, name: string): Hunt {
  const mistake = mistakeOf(lesson, name)
  const hunt = huntsOf(lesson).find((hunt) => hunt.mistake.name === mistake.name)
  if (!hunt) throw new Error(`Lesson ${lesson.number} has no hunt for ${name}.`)
  return hunt
}

/** Returns the unfinished hunt, or else the first bug that was not found; null if all were found. */
export function nextHunt(lesson: Lesson, progress: Progress): Hunt | null {
  const open = huntsOf(lesson).filter(({ mistake }) => !progress.hasFound(lesson.name, mistake.name))
  return open.find(isBegun) ?? open[0] ?? null
}

/** Returns all lessons with the student's progress in each. */
export function courseOf(progress: Progress): readonly CourseLesson[] {
  return lessons().map((lesson) => {
    const { name, title } = lesson
    const hunts = huntsOf(lesson)
    const found = hunts.filter(({ mistake }) => progress.hasFound(name, mistake.name)).length
    return { name, title, isDone: progress.isDone(name), bugs: { found, of: hunts.length } }
  })
}

/** Folder of a hunt. A hunt for a bug that was found already starts again; an unfinished one continues. */
export function huntPlace(hunt: Hunt, progress: Progress): WorkFolder {
  const { lesson, mistake } = hunt
  const folder = huntFolder(lesson)
  const reset = () => {
    const backup = putAside(folder, `hunt-${lesson.name}`)
    mkdirSync(folder, { recursive: true })
    writeMistake(lesson, mistake, folder)
    writeFileSync(markOf(lesson), `${digestOf(hunt)}\n`)
    return backup
  }
  return {
    folder,
    begin() {
      if (isBegun(hunt) && !progress.hasFound(lesson.name, mistake.name)) return false
      reset()
      return true
    },
    reset,
  }
}

const huntFolder = ({ name }: Lesson): string => join(HUNTS, name)

/** Path of the file that says which hunt the folder contains. */
const markOf = ({ name }: Lesson): string => join(HUNTS, `.${name}`)

function huntsOf(lesson: Lesson): readonly Hunt[] {
  const mistakes = mistakesOf(lesson)
  return mistakes.map((mistake, i) => ({ lesson, mistake, number: i + 1, of: mistakes.length }))
}

function isBegun(hunt: Hunt): boolean {
  const { lesson } = hunt
  const mark = markOf(lesson)
  return existsSync(huntFolder(lesson)) && existsSync(mark) && readFileSync(mark, 'utf8').trim() === digestOf(hunt)
}

/** Hash of the mistake's name, which a student must not see. The number could change when an update adds a mistake. */
const digestOf = ({ lesson, mistake }: Hunt): string =>
  createHash('sha256').update(`${lesson.name}/${mistake.name}`).digest('hex').slice(0, 16)
