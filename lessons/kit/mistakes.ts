/**
 * The wrong programs of a lesson. `test/lessons/NN-name/mistakes.md` describes each as edits of the solution, so that
 * a program is nowhere kept twice. `README.md` beside this file shows the format.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { REPOSITORY, exercisesOf, lessons, proofOf } from './course.ts'
import type { Lesson } from './course.ts'
import type { Exercise } from './exercise.ts'

export interface Mistake {
  /** `no-heartbeat`. */
  readonly name: string
  /** The thought that leads somebody to this program. */
  readonly story: string
  /** Name of the first check that fails. */
  readonly check: string
  /** Name of the hint that this check gives. */
  readonly hint: string
  readonly edits: readonly Edit[]
}

/** One place of the solution, as whole lines. */
export interface Edit {
  /** File of the solution: `sse.ts`. */
  readonly file: string
  /** Number of the edit's first line in `mistakes.md`. */
  readonly line: number
  /** Lines of a diff, each with its mark. Those marked `-` or with a space occur together exactly once in the solution. */
  readonly lines: readonly string[]
}

/** Reads all mistakes of a lesson. Throws an error that names the file, the mistake and the line if the file is malformed. */
export function mistakesOf(lesson: Lesson): readonly Mistake[] {
  const file = fileOf(lesson)
  return existsSync(file) ? mistakesIn(readFileSync(file, 'utf8'), shown(file)) : []
}

/** Finds a mistake by its name. Throws an error with the nearest name, with the lessons that have it, and with all names. */
export function mistakeOf(lesson: Lesson, name: string): Mistake {
  const all = mistakesOf(lesson)
  const found = all.find((mistake) => mistake.name === name)
  if (found) return found
  const others = lessons().filter((other) => mistakesOf(other).some((mistake) => mistake.name === name))
  const names = all.map((mistake) => mistake.name)
  const near = nearest(name, names)
  throw new Error(
    [
      `Lesson ${lesson.number} has no mistake ${JSON.stringify(name)}.`,
      ...(others.length === 0
        ? []
        : [`There is one in ${others.map((other) => `lesson ${other.number}`).join(' and ')}.`]),
      ...(near === null || others.length > 0 ? [] : [`Did you mean ${near}?`]),
      names.length > 0 ? `Lesson ${lesson.number} has: ${names.join(', ')}.` : `There is no ${shown(fileOf(lesson))}.`,
    ].join(' '),
  )
}

/** Returns the changed files, by name, with their whole text. Throws an error if an edit does not fit the solution. */
export function programOf(lesson: Lesson, { name, edits }: Mistake): ReadonlyMap<string, string> {
  const program = new Map<string, string>()
  for (const file of new Set(edits.map((edit) => edit.file))) {
    const path = join(lesson.folder, 'solution', file)
    const refuse = ({ line }: Edit, why: string): never => {
      throw new Error(`${shown(fileOf(lesson))}:${line}: mistake ${JSON.stringify(name)}: ${why}`)
    }
    const ofFile = edits.filter((edit) => edit.file === file)
    const [first] = ofFile
    if (first && !existsSync(path)) refuse(first, `there is no ${shown(path)}.`)
    const text = readFileSync(path, 'utf8').replaceAll('\r\n', '\n')
    program.set(file, edited(text, ofFile, shown(path), refuse))
  }
  return program
}

/** Returns the exercises whose file the mistake changes. The others are the solution's, and pass. */
export async function exercisesWith(lesson: Lesson, { edits }: Mistake): Promise<readonly Exercise[]> {
  const files = new Set(edits.map(({ file }) => file))
  return (await exercisesOf(lesson)).filter(({ name }) => files.has(`${name}.ts`))
}

/** Returns what the mistake changes, as text for a person. */
export function diffText({ edits }: Mistake): string {
  return edits.map(({ file, lines }) => [file, ...lines, ''].join('\n')).join('\n')
}

/** Writes the whole broken program, with the unchanged files of the solution, to a folder. */
export function writeMistake(lesson: Lesson, mistake: Mistake, folder: string): void {
  const program = programOf(lesson, mistake)
  cpSync(join(lesson.folder, 'solution'), folder, { recursive: true })
  for (const [file, text] of program) writeFileSync(join(folder, file), text)
}

/** Writes the broken program to a temporary folder, which is deleted on disposal or at the end of the process. */
export function temporaryMistake(lesson: Lesson, mistake: Mistake): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), `fourwire-${mistake.name}-`))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    writeMistake(lesson, mistake, folder)
  } catch (error) {
    remove()
    throw error
  }
  return {
    folder,
    [Symbol.dispose]() {
      process.off('exit', remove)
      remove()
    },
  }
}

/** Parses the text of a `mistakes.md`. `file` is its name in errors. */
export function mistakesIn(text: string, file: string): readonly Mistake[] {
  const lines = text.split(/\r?\n/)
  const starts = lines.flatMap((line, at) => (line.startsWith('## ') ? [at] : []))
  const mistakes = starts.map((from, i) => {
    const name = (lines[from] ?? '').slice('## '.length).trim()
    const refuse = (at: number, why: string): never => {
      throw new Error(`${file}:${at + 1}: mistake ${JSON.stringify(name)}: ${why}`)
    }
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))
      refuse(from, 'a name consists of small letters, digits and single hyphens.')
    return mistakeFrom(name, lines.slice(from + 1, starts[i + 1]), (at, why) => refuse(from + 1 + at, why), from + 2)
  })
  for (const [i, { name }] of mistakes.entries())
    if (mistakes.findIndex((mistake) => mistake.name === name) !== i)
      throw new Error(`${file}:${(starts[i] ?? 0) + 1}: mistake ${JSON.stringify(name)}: this name is taken already.`)
  return mistakes
}

type Refuse = (at: number, why: string) => never

const CAUGHT = /^Caught by `([^`]+)`, hint `([^`]+)`\.$/

const FENCE = /^```diff ([\w-]+\.ts)$/

/** `first`: number of the first of these lines in the file. */
function mistakeFrom(name: string, lines: readonly string[], refuse: Refuse, first: number): Mistake {
  const caughtAt = lines.findIndex((line) => CAUGHT.test(line))
  if (caughtAt < 0) return refuse(-1, 'the line "Caught by `CHECK`, hint `HINT`." is missing.')
  const [, check = '', hint = ''] = CAUGHT.exec(lines[caughtAt] ?? '') ?? []
  const story = lines.slice(0, caughtAt).join(' ').replace(/\s+/g, ' ').trim()
  if (story === '') refuse(caughtAt, 'the story before this line is missing.')
  const edits: Edit[] = []
  for (let at = caughtAt + 1; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '') continue
    const [, file] = FENCE.exec(line) ?? []
    if (file === undefined) return refuse(at, 'expected a block of edits, which begins with "```diff FILE.ts".')
    const end = lines.indexOf('```', at)
    if (end < 0) return refuse(at, 'this block of edits has no end: a line "```".')
    edits.push(...editsIn(file, lines.slice(at + 1, end), (of, why) => refuse(at + 1 + of, why), first + at + 1))
    at = end
  }
  if (edits.length === 0) refuse(-1, 'there is no block of edits: "```diff FILE.ts".')
  return { name, story, check, hint, edits }
}

/** Splits a block at its lines `@@`. A line begins with `-` (only before), `+` (only after) or a space (both). */
function editsIn(file: string, lines: readonly string[], refuse: Refuse, first: number): readonly Edit[] {
  const ends = [...lines.flatMap((line, at) => (line === '@@' ? [at] : [])), lines.length]
  return ends.map((end, i) => {
    const from = (ends[i - 1] ?? -1) + 1
    const edit: Edit = { file, line: first + from, lines: lines.slice(from, end) }
    for (const [at, line] of edit.lines.entries())
      if (!/^(?:[-+ ]|$)/.test(line)) refuse(from + at, 'a line of an edit begins with "-", "+" or a space.')
    const [before, after] = [beforeOf(edit), afterOf(edit)]
    if (before.length === 0)
      refuse(from, 'this edit has no place: it needs a line that begins with "-" or with a space.')
    if (before.join('\n') === after.join('\n')) refuse(from, 'this edit changes nothing.')
    return edit
  })
}

const beforeOf = ({ lines }: Edit): readonly string[] => unmarked(lines, '+')

const afterOf = ({ lines }: Edit): readonly string[] => unmarked(lines, '-')

/** Returns the lines without their marks, and leaves out the lines with this mark. Editors remove the space of an empty line. */
const unmarked = (lines: readonly string[], mark: '+' | '-'): readonly string[] =>
  lines.filter((line) => !line.startsWith(mark)).map((line) => line.slice(1))

/** Applies edits to the text of one file. `path` is its name in errors. */
function edited(
  text: string,
  edits: readonly Edit[],
  path: string,
  refuse: (edit: Edit, why: string) => never,
): string {
  const lines = text.split('\n')
  const placed = edits
    .map((edit) => {
      const before = beforeOf(edit)
      const places = lines.flatMap((_, at) => (before.every((line, i) => lines[at + i] === line) ? [at] : []))
      const [at] = places
      if (at === undefined) return refuse(edit, goneFrom(path, lines, before))
      if (places.length > 1) {
        const where = places.map((place) => place + 1).join(', ')
        return refuse(
          edit,
          `${path} has these lines ${places.length} times, at ${where}. Add a line before or after them that begins with a space.`,
        )
      }
      return { edit, at }
    })
    .toSorted((a, b) => a.at - b.at)
  let next = 0
  const result: string[] = []
  for (const { edit, at } of placed) {
    if (at < next) refuse(edit, `this edit and another one change line ${at + 1} of ${path}. Make them one edit.`)
    result.push(...lines.slice(next, at), ...afterOf(edit))
    next = at + beforeOf(edit).length
  }
  return [...result, ...lines.slice(next)].join('\n')
}

/** Says which line of an edit is no longer in the solution, and which line of the solution is the most similar. */
function goneFrom(path: string, lines: readonly string[], before: readonly string[]): string {
  const line = before.find((one) => !lines.includes(one))
  const remedy = `Copy the lines as they are now; each begins with "-" or a space here.`
  if (line === undefined) return `${path} has each of these lines, but not one after the other. ${remedy}`
  const near = nearest(line, lines)
  const now = near === null ? '' : `\n  now: ${near.trim()}  (line ${lines.indexOf(near) + 1})`
  return `${path} no longer has this line:\n  was: ${line.trim()}${now}\n${remedy}`
}

/** Returns the candidate that shares the most pairs of letters with the text; null if none shares a third. */
function nearest(text: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  let most = 1 / 3
  for (const candidate of candidates) {
    const [a, b] = [pairsOf(text), pairsOf(candidate)]
    const shared = [...a].filter((pair) => b.has(pair)).length
    const likeness = (2 * shared) / (a.size + b.size)
    if (likeness > most) [best, most] = [candidate, likeness]
  }
  return best
}

const pairsOf = (text: string): ReadonlySet<string> =>
  new Set(Array.from(text.trim(), (_, at) => text.trim().slice(at, at + 2)))

const fileOf = (lesson: Lesson): string => join(proofOf(lesson), 'mistakes.md')

/** A path as it is written in the repository. */
const shown = (path: string): string => relative(REPOSITORY, path).replaceAll('\\', '/')
