/**
 * The mutants that no check can catch, because they are right programs too. `test/lessons/NN-name/survivors.md` gives the
 * reason for each: a text, and after it the changes that it explains.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { proofOf } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'

export interface Survivor {
  /** File of the solution: `sse.ts`. */
  readonly file: string
  /** The change, as the report of the mutants shows it. */
  readonly diff: string
  readonly reason: string
}

/** True if this is the same change of the same file. */
export const isSame = (one: Changed, other: Changed): boolean =>
  one.file === other.file && changedLines(one) === changedLines(other)

type Changed = Pick<Survivor, 'file' | 'diff'>

/** The diff without the lines that only show the place. */
const changedLines = ({ diff }: Changed): string =>
  diff
    .split('\n')
    .filter((line) => /^[-+]/.test(line))
    .join('\n')

export function survivorsOf(lesson: Lesson): readonly Survivor[] {
  const file = join(proofOf(lesson), 'survivors.md')
  return existsSync(file) ? survivorsIn(readFileSync(file, 'utf8')) : []
}

/** Parses the text of a `survivors.md`. Throws an error if a change stands before the first reason. */
export function survivorsIn(text: string): readonly Survivor[] {
  const source = text.replaceAll('\r\n', '\n')
  let reason = ''
  let end = 0
  return Array.from(source.matchAll(/^```diff (\S+)\n(.*?)\n```$/gms), (block) => {
    const [whole, file = '', diff = ''] = block
    const before = source.slice(end, block.index).replace(/^#.*$/gm, '').replace(/\s+/g, ' ').trim()
    if (before !== '') reason = before
    if (reason === '') throw new Error(`There is no reason before the change\n${diff}`)
    end = block.index + whole.length
    return { file, diff, reason }
  })
}
