/** Results as text for a terminal, and as data for an instructor. */
import { styleText } from 'node:util'
import type { Finding } from './exercise.ts'
import type { Result, ResultFinding } from './judge.ts'

/** How text is set off; without colours every function gives back what it is given. */
export interface Style {
  strong(text: string): string
  inverse(text: string): string
  faint(text: string): string
}

/** NO_COLOR (no-color.org) and a terminal that has none are obeyed, and so is a stream that is no terminal. */
export function styleFor(stream: NodeJS.WriteStream): Style {
  const isPlain = !stream.isTTY || Boolean(process.env['NO_COLOR']) || process.env['TERM'] === 'dumb'
  const set = (format: 'bold' | 'inverse' | 'dim') => (text: string) =>
    isPlain ? text : styleText(format, text, { validateStream: false })
  return { strong: set('bold'), inverse: set('inverse'), faint: set('dim') }
}

/** One line a check, the first that failed open, and how many pass. `rungs`: how much of its hint is shown. */
export function reportText(results: readonly Result[], style: Style, rungs = 1): string {
  const first = results.find(({ verdict }) => verdict === 'fail') ?? results.find(({ verdict }) => verdict !== 'pass')
  const lines = results.flatMap((result) => [
    lineOf(result, style),
    ...(result === first && result.finding ? ['', ...trimmed(findingLines(result.finding, style, rungs)), ''] : []),
  ])
  return `${lines.join('\n')}\n\n${countOf(results)}\n`
}

/** `fail  03-short-polling  short-poll  6 of 9 checks pass; first: past-the-tenth` */
export function exerciseLine(results: readonly Result[]): string {
  const [any] = results
  const first = results.find(({ verdict }) => verdict !== 'pass')
  const verdict =
    first === undefined ? 'pass' : results.some((result) => result.verdict === 'fail') ? 'fail' : first.verdict
  const line = `${verdict.padEnd(VERDICT_WIDTH)}${any?.lesson}  ${any?.exercise}  ${countOf(results)}`
  return first === undefined ? line : `${line.slice(0, -1)}; first: ${first.check}`
}

/** What an instructor's script reads; `hint` is the first rung. */
export function jsonOf(results: readonly Result[]): string {
  const rows = results.map(({ lesson, exercise, check, verdict, finding, ms }) => {
    return { lesson, exercise, check, verdict, hint: finding?.hint?.[0] ?? null, ms }
  })
  return JSON.stringify(rows, null, 2)
}

function countOf(results: readonly Result[]): string {
  return `${results.filter(({ verdict }) => verdict === 'pass').length} of ${results.length} checks pass.`
}

const VERDICT_WIDTH = 16

function lineOf({ verdict, title, ms }: Result, { inverse, strong, faint }: Style): string {
  const mark = verdict === 'pass' ? '\u2713 pass' : verdict
  const padding = ' '.repeat(VERDICT_WIDTH - mark.length)
  if (verdict === 'fail') return `  ${inverse(mark)}${padding}${strong(title)}  ${faint(`${ms} ms`)}`
  return `  ${mark}${padding}${title}${verdict === 'pass' ? `  ${faint(`${ms} ms`)}` : ''}`
}

const INDENT = ' '.repeat(VERDICT_WIDTH + 2)

/** Left of the bytes, so that what was wanted can stand in their column. */
const GUTTER = 'wanted: '

function findingLines(finding: ResultFinding, style: Style, rungs: number): readonly string[] {
  const { saw, where, why, hint } = finding
  const place = where === undefined || saw.includes(where) ? [] : [style.strong(where)]
  const lines = [...place, ...wrap(saw), ...bytesLines(finding), ...(why === undefined ? [] : wrap(why))]
  if (hint) {
    const names = ['what was seen', 'where to look', 'the idea behind it']
    if (lines.at(-1) !== '') lines.push('')
    for (const [i, rung] of hint.slice(0, rungs).entries())
      lines.push(...wrap(`Hint ${i + 1} of 3, ${names[i]}: ${rung}`))
  }
  return lines.map((line) => (line === '' ? '' : `${INDENT}${line}`))
}

const trimmed = (lines: readonly string[]): readonly string[] => (lines.at(-1) === '' ? lines.slice(0, -1) : lines)

/** As many columns as are shown of a line; of a longer one those around the caret. */
const COLUMNS = 88
const CARET_COLUMN = 56

export function bytesLines({ bytes, at, wanted }: Pick<Finding, 'bytes' | 'at' | 'wanted'>): readonly string[] {
  if (bytes === undefined) return []
  const blank = ' '.repeat(GUTTER.length)
  const lines: string[] = ['']
  let start = 0
  for (const line of bytes.split('\n')) {
    const caret = at !== undefined && at >= start && at <= start + line.length ? at - start : null
    const { text, column } = windowOf(visible(line), caret)
    lines.push(`${blank}${text}`.trimEnd())
    if (caret !== null) {
      lines.push(`${blank}${' '.repeat(column)}^`)
      if (wanted !== undefined) lines.push(`${GUTTER}${' '.repeat(column)}${wanted}`)
    }
    start += line.length + 1
  }
  return [...lines, '']
}

function windowOf(line: string, caret: number | null): { text: string; column: number } {
  const from = caret !== null && caret > COLUMNS - 8 ? caret - CARET_COLUMN : 0
  const part = line.slice(from, from + COLUMNS)
  const text = `${from > 0 ? `\u2026${part.slice(1)}` : part}${from + COLUMNS < line.length ? '\u2026' : ''}`
  return { text, column: (caret ?? 0) - from }
}

/** Control characters as their pictures, one column each, so that nothing invisible moves the caret. */
const visible = (line: string): string => Array.from(line, pictureOf).join('')

function pictureOf(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return char === '\ufeff' ? '\u25a1' : char
}

function wrap(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
