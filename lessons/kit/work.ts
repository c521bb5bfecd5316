/** Folders in `work/` that a student edits: one for each lesson, and one for each lesson’s bug hunt. */
import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { WORK } from './course.ts'
import type { Lesson } from './course.ts'
import { BACKUPS, backupPath } from './progress.ts'

export interface WorkFolder {
  readonly folder: string
  /** Writes the program that the student starts with. Returns false if there is one already. */
  begin(): boolean
  /** Moves the folder to the backups and starts again. Returns the backup's path, or null if there was no folder. */
  reset(): string | null
}

export const workOf = (lesson: Lesson): string => join(WORK, lesson.name)

/**
 * The student's work on a lesson: copied from `start/` once, and not changed by the kit afterwards. If an update has added
 * a file to the lesson, only this file is copied.
 */
export function workPlace(lesson: Lesson): WorkFolder {
  const folder = workOf(lesson)
  const begin = () => {
    const isNew = !existsSync(folder)
    mkdirSync(WORK, { recursive: true })
    cpSync(join(lesson.folder, 'start'), folder, { recursive: true, force: false })
    return isNew
  }
  return {
    folder,
    begin,
    reset() {
      const backup = putAside(folder, lesson.name)
      if (backup !== null) begin()
      return backup
    },
  }
}

/** Moves a folder to the backups. Returns its new path; null if there is no such folder. */
export function putAside(folder: string, name: string): string | null {
  if (!existsSync(folder)) return null
  const backup = backupPath(BACKUPS, name)
  renameSync(folder, backup)
  return backup
}
