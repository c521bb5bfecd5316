/** Record of the finished lessons: a JSON file keyed by lesson name, which can be copied. Unknown entries are kept. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { REPOSITORY, WORK } from './course.ts'

export interface DoneRecord {
  /** Time at which all checks passed for the first time; ISO 8601. */
  readonly doneAt: string
}

export const PROGRESS = process.env['FOURWIRE_PROGRESS'] ?? join(REPOSITORY, 'lessons/progress.json')

/** Folder of backups that a reset makes; in `work/`, which git ignores. */
export const BACKUPS = join(WORK, 'backups')

export interface Progress {
  isDone(lesson: string): boolean
  /** Records the lesson as done, unless it is already. */
  finish(lesson: string): void
  /** True if the student has found this bug of the lesson in a hunt. */
  hasFound(lesson: string, mistake: string): boolean
  /** Records a bug as found, unless it is already. */
  find(lesson: string, mistake: string): void
  /** Forgets one lesson and its hunts, or all. Returns the path of the backup, or null if there was nothing to forget. */
  reset(lesson?: string): string | null
}

export function progressIn(file = PROGRESS, backups = BACKUPS): Progress {
  return {
    isDone: (lesson) => lesson in read(file, backups),
    finish(lesson) {
      const all = read(file, backups)
      if (!(lesson in all)) write(file, { ...all, [lesson]: { doneAt: new Date().toISOString() } satisfies DoneRecord })
    },
    hasFound: (lesson, mistake) => mistake in foundIn(read(file, backups), lesson),
    find(lesson, mistake) {
      const all = read(file, backups)
      const found = foundIn(all, lesson)
      if (!(mistake in found))
        write(file, { ...all, [huntsOf(lesson)]: { ...found, [mistake]: new Date().toISOString() } })
    },
    reset(lesson) {
      const all = read(file, backups)
      const isForgotten = (name: string) => lesson === undefined || name === lesson || name === huntsOf(lesson)
      if (!Object.keys(all).some(isForgotten)) return null
      const backup = backUp(file, backups)
      write(file, Object.fromEntries(Object.entries(all).filter(([name]) => !isForgotten(name))))
      return backup
    },
  }
}

/** Key of the bugs that were found, separate from the key of the lesson, which means that the lesson is done. */
const huntsOf = (lesson: string): string => `${lesson}/hunts`

function foundIn(all: Record<string, unknown>, lesson: string): Record<string, unknown> {
  const found = all[huntsOf(lesson)]
  return typeof found === 'object' && found !== null ? { ...found } : {}
}

/** Reads the file. A file that is not valid is moved to the backups, because somebody may have edited it by hand. */
function read(file: string, backups: string): Record<string, unknown> {
  if (!existsSync(file)) return {}
  try {
    const all: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof all === 'object' && all !== null && !Array.isArray(all)) return { ...all }
  } catch {
    // Handled below.
  }
  const backup = backUp(file, backups)
  write(file, {})
  console.error(`${file} is not a JSON object. It was copied to ${backup}, and replaced by an empty one.`)
  return {}
}

function backUp(file: string, backups: string): string {
  const backup = backupPath(backups, 'progress', '.json')
  copyFileSync(file, backup)
  return backup
}

/** Writes by renaming, so that a reader never sees half a file. */
function write(file: string, all: Record<string, unknown>): void {
  mkdirSync(dirname(file), { recursive: true })
  const next = `${file}.${process.pid}.next`
  writeFileSync(next, `${JSON.stringify(all, null, 2)}\n`)
  renameSync(next, file)
}

/**
 * Returns a path for a backup, which no other backup has, and creates the folder of the backups. The name contains the
 * time, so that names sort by time, and no colon, which Windows does not allow. Two backups can be made in one
 * millisecond: the second one gets a number.
 */
export function backupPath(backups: string, name: string, ending = ''): string {
  mkdirSync(backups, { recursive: true })
  const time = new Date().toISOString().replace(/[:.]/g, '-')
  for (let number = 1; ; number++) {
    const path = join(backups, `${name}-${time}${number > 1 ? `-${number}` : ''}${ending}`)
    if (!existsSync(path)) return path
  }
}
