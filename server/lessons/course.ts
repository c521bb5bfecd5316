/** Reads the lessons from their folder: the text of each lesson, and whether it is done. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

export interface LessonDocument {
  readonly number: number
  /** Name of the folder, such as `03-short-polling`. */
  readonly name: string
  readonly title: string
  /** Line of facts under the title, such as `Short polling · 25 minutes`. */
  readonly facts: string
  /** Text after the title and the facts, as Markdown. */
  readonly text: string
  readonly isDone: boolean
}

/** Returns the lessons in `folder` in their order. Returns an empty list if the folder does not exist. */
export async function lessonsIn(folder: string): Promise<readonly LessonDocument[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d\d-[a-z0-9-]+$/.test(name)).toSorted()
  const done = await doneIn(folder)
  const all = await Promise.all(
    names.map(async (name) => {
      const markdown = await readFile(join(folder, name, 'README.md'), 'utf8').catch(() => null)
      return markdown === null ? [] : [lessonOf(name, markdown.replaceAll('\r\n', '\n'), done.has(name))]
    }),
  )
  return all.flat()
}

/**
 * Splits a page into its title, its facts and its text. The page begins with a title and a line of facts: `Lesson 3 ·
 * Short polling · 25 minutes`.
 */
function lessonOf(name: string, markdown: string, isDone: boolean): LessonDocument {
  const [head = '', title = name, facts = ''] = /^# (.*)\n+(?:Lesson \d+ · (.*)\n)?/.exec(markdown) ?? []
  return { number: Number(name.slice(0, 2)), name, title, facts, text: markdown.slice(head.length), isDone }
}

/**
 * Returns the names of the lessons that are done. Reads the file that `lessons/kit/progress.ts` writes. If this file
 * cannot be read, no lesson counts as done, and the kit replaces the file.
 */
async function doneIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    const all: unknown = JSON.parse(await readFile(join(folder, 'progress.json'), 'utf8'))
    return new Set(typeof all === 'object' && all !== null ? Object.keys(all) : [])
  } catch {
    return new Set()
  }
}
