/**
 * Keeps the joined files of each page, which a separate thread makes: it takes some tenths of a second to read, join
 * and map more than a hundred files, and in the main thread this time would delay every measured lane.
 */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stateOf, variantsOf } from '../http/rendered.ts'
import type { Variants } from '../http/rendered.ts'
import type { JoinResult, JoinTask } from './join-worker.ts'
import { headersFor } from './files.ts'
import { threadOf } from './thread.ts'

/** The files of a page, joined into a few. */
export interface JoinedPage {
  /** Path with the hash of the texts: the address of the joined files after `/joined/`. */
  readonly folder: string
  /** Reason why the page cannot be joined; otherwise null. Such a page has no joined files. */
  readonly failure: string | null
  /** Returns a file, or undefined if the page has no such file. */
  file(name: string): Promise<Variants> | undefined
}

export interface JoinedTask extends JoinTask {
  /** Path in `web/` of the page's HTML, or of its template. */
  readonly page: string
}

interface Kept extends JoinedPage {
  /** The files that the HTML named, as text. */
  readonly named: string
  readonly states: ReadonlyMap<string, string>
}

/** Number of versions of a page that the server keeps. An open page may import `later.js` of an earlier version. */
const VERSIONS = 4

/** All apps of this process share the joined files. */
const kept = new Map<string, readonly Kept[]>()
const pending = new Map<string, Promise<Kept>>()
const join = threadOf<JoinTask, JoinResult>(new URL('./join-worker.ts', import.meta.url))

/**
 * Returns the page's joined files in their present version. Compares the modification time and the size of each file with the last time, and joins again what has changed.
 */
export async function joinedPage(task: JoinedTask): Promise<JoinedPage> {
  const key = `${task.root}:${task.page}`
  const known = pending.get(key)
  if (known) return known
  const present = current(key, task).finally(() => pending.delete(key))
  pending.set(key, present)
  return present
}

/** Returns a file of this or an earlier version. `folder`: as in `JoinedPage`. */
export async function joinedFile(task: JoinedTask, folder: string, name: string): Promise<Variants | undefined> {
  const ofFolder = () => kept.get(`${task.root}:${task.page}`)?.find((one) => one.folder === folder)
  if (!ofFolder()) await joinedPage(task)
  return ofFolder()?.file(name)
}

async function current(key: string, task: JoinedTask): Promise<Kept> {
  const versions = kept.get(key) ?? []
  const [latest] = versions
  if (latest && latest.named === JSON.stringify(task.files) && (await isCurrent(latest))) return latest
  const made = keep(task, await join(task))
  kept.set(key, [made, ...versions.filter(({ folder }) => folder !== made.folder)].slice(0, VERSIONS))
  return made
}

async function isCurrent({ states }: Kept): Promise<boolean> {
  const same = await Promise.all(
    Array.from(states, async ([file, state]) => {
      const stats = await stat(file).catch(() => null)
      return (stats === null ? '' : stateOf(stats)) === state
    }),
  )
  return !same.includes(false)
}

function keep({ page, files: named }: JoinedTask, { hash, texts, states, failure }: JoinResult): Kept {
  const files = new Map<string, Promise<Variants>>()
  return {
    named: JSON.stringify(named),
    states,
    failure,
    folder: `${hash}/${dirname(page)}/`,
    file(name) {
      const text = texts.get(name)
      const file =
        files.get(name) ?? (text === undefined ? undefined : variantsOf({ headers: headersFor(name), body: text }))
      if (file) files.set(name, file)
      return file
    },
  }
}
