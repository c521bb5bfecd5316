/** The student's own folder of a lesson: copied from `start/` once, and never written to again. */
import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { WORK } from './course.ts'
import type { Lesson } from './course.ts'
import { BACKUPS, stamp } from './progress.ts'

export const workOf = (lesson: Lesson): string => join(WORK, lesson.name)

/** True where it was made just now. */
export function beginWork(lesson: Lesson): boolean {
  const folder = workOf(lesson)
  if (existsSync(folder)) return false
  mkdirSync(WORK, { recursive: true })
  cpSync(join(lesson.folder, 'start'), folder, { recursive: true })
  return true
}

/** Begins anew where something was begun. Answers where the former work is now; null where there was none. */
export function resetWork(lesson: Lesson): string | null {
  const folder = workOf(lesson)
  if (!existsSync(folder)) return null
  const backup = join(BACKUPS, `${lesson.name}-${stamp()}`)
  mkdirSync(BACKUPS, { recursive: true })
  renameSync(folder, backup)
  beginWork(lesson)
  return backup
}
