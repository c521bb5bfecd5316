/** The lessons as they lie in the folder, each with its page and whether it is done. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

export interface Lesson {
  readonly number: number
  /** `03-short-polling`. */
  readonly name: string
  readonly title: string
  /** `Short polling · 25 minutes`. */
  readonly facts: string
  /** What follows, as Markdown. */
  readonly text: string
  readonly isDone: boolean
}

/** In their order. `folder`: the one that holds them; where there is none, there are no lessons. */
export async function lessonsIn(folder: string): Promise<readonly Lesson[]> {
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

/** A page begins with its question and a line of facts: `Lesson 3 · Short polling · 25 minutes`. */
function lessonOf(name: string, markdown: string, isDone: boolean): Lesson {
  const [head = '', title = name, facts = ''] = /^# (.*)\n+(?:Lesson \d+ · (.*)\n)?/.exec(markdown) ?? []
  return { number: Number(name.slice(0, 2)), name, title, facts, text: markdown.slice(head.length), isDone }
}

/** What `lessons/kit/progress.ts` has written. One that cannot be read is the kit's to put aside. */
async function doneIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    const all: unknown = JSON.parse(await readFile(join(folder, 'progress.json'), 'utf8'))
    return new Set(typeof all === 'object' && all !== null ? Object.keys(all) : [])
  } catch {
    return new Set()
  }
}
