/** Which lessons are done: a plain file that can be copied, keyed by the lessons' names. What it does not know it keeps. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { REPOSITORY, WORK } from './course.ts'

export interface Done {
  /** When all checks passed for the first time; ISO 8601. */
  readonly doneAt: string
}

const PROGRESS = process.env['FOURWIRE_PROGRESS'] ?? join(REPOSITORY, 'lessons/progress.json')

/** Copies of what was reset; in `work/`, which git ignores. */
export const BACKUPS = join(WORK, 'backups')

export interface Progress {
  isDone(lesson: string): boolean
  /** Keeps the first time. */
  finish(lesson: string): void
  /** Forgets one lesson, or all. Answers where the copy is; null where there was nothing to forget. */
  reset(lesson?: string): string | null
}

export function progressIn(file = PROGRESS, backups = BACKUPS): Progress {
  return {
    isDone: (lesson) => lesson in read(file, backups),
    finish(lesson) {
      const all = read(file, backups)
      if (!(lesson in all)) write(file, { ...all, [lesson]: { doneAt: new Date().toISOString() } satisfies Done })
    },
    reset(lesson) {
      const all = read(file, backups)
      if (lesson === undefined ? Object.keys(all).length === 0 : !(lesson in all)) return null
      const backup = backUp(file, backups)
      const kept = Object.entries(all).filter(([name]) => lesson !== undefined && name !== lesson)
      write(file, Object.fromEntries(kept))
      return backup
    },
  }
}

/** A file that cannot be read is put aside, never overwritten: somebody may have edited it by hand. */
function read(file: string, backups: string): Record<string, unknown> {
  if (!existsSync(file)) return {}
  try {
    const all: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof all === 'object' && all !== null && !Array.isArray(all)) return { ...all }
  } catch {
    // Put aside below.
  }
  const backup = backUp(file, backups)
  write(file, {})
  console.error(`${file} is no JSON object. It was put aside as ${backup}, and a new one begun.`)
  return {}
}

function backUp(file: string, backups: string): string {
  const backup = join(backups, `progress-${stamp()}.json`)
  mkdirSync(backups, { recursive: true })
  copyFileSync(file, backup)
  return backup
}

/** By renaming, so that whoever reads it sees the old one or the new one and never half of it. */
function write(file: string, all: Record<string, unknown>): void {
  mkdirSync(dirname(file), { recursive: true })
  const next = `${file}.${process.pid}.next`
  writeFileSync(next, `${JSON.stringify(all, null, 2)}\n`)
  renameSync(next, file)
}

/** For names of files: it sorts, and holds no colon, which Windows refuses. */
export const stamp = (): string => new Date().toISOString().replace(/[:.]/g, '-')
