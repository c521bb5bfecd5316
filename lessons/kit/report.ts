/** Results as text for a terminal, and as data for an instructor. */
import { styleText } from 'node:util'
import type { Finding } from './finding.ts'
import type { CheckResult, ResultFinding } from './judge.ts'

/** Text styles; without colours every function returns its argument. */
export interface Style {
  strong(text: string): string
  inverse(text: string): string
  faint(text: string): string
}

/** Returns plain styles if NO_COLOR (no-color.org) is set, or if the stream is not a terminal with colours. */
export function styleFor(stream: NodeJS.WriteStream): Style {
  const isPlain = !stream.isTTY || Boolean(process.env['NO_COLOR']) || process.env['TERM'] === 'dumb'
  const set = (format: 'bold' | 'inverse' | 'dim') => (text: string) =>
    isPlain ? text : styleText(format, text, { validateStream: false })
  return { strong: set('bold'), inverse: set('inverse'), faint: set('dim') }
}

/** One line for each check, the finding of the first failed one, and the number that pass. `rungs`: number of rungs shown. */
export function reportText(results: readonly CheckResult[], style: Style, rungs = 1, layout: Layout = WIDE): string {
  const first = results.find(({ verdict }) => verdict === 'fail') ?? results.find(({ verdict }) => verdict !== 'pass')
  const listed = layout.isBrief ? results.filter(({ verdict }) => verdict !== 'pass') : results
  const lines = listed.flatMap((result) => [
    lineOf(result, style, layout),
    ...(result === first && result.finding
      ? ['', ...trimmed(findingLines(result.finding, style, rungs, layout)), '']
      : []),
  ])
  return [...lines, ...(lines.length > 0 ? [''] : []), countOf(results), ''].join('\n')
}

interface Layout {
  /** Column in which titles and findings begin. */
  readonly indent: number
  /** Width of text and of a line of bytes; a longer line is cut around the caret. */
  readonly columns: number
  /** If true, passed checks are only counted. */
  readonly isBrief?: boolean
}

const VERDICT_WIDTH = 16

const WIDE: Layout = { indent: VERDICT_WIDTH + 2, columns: 88 }

/** Layout for a terminal of this width. Below 40 columns, lines are cut off. */
export function layoutFor(columns: number): Layout {
  const fits = WIDE.indent + GUTTER.length + WIDE.columns
  if (columns >= fits) return WIDE
  const indent = columns < 100 ? 4 : WIDE.indent
  // The 2 is for the two ellipses around the bytes.
  return { indent, columns: Math.max(30, columns - indent - GUTTER.length - 2) }
}

/** `fail  03-short-polling  short-poll  6 of 9 checks pass; first: past-the-tenth` */
export function exerciseLine(results: readonly CheckResult[]): string {
  const [any] = results
  const first = results.find(({ verdict }) => verdict !== 'pass')
  const verdict =
    first === undefined ? 'pass' : results.some((result) => result.verdict === 'fail') ? 'fail' : first.verdict
  const line = `${verdict.padEnd(VERDICT_WIDTH)}${any?.lesson}  ${any?.exercise}  ${countOf(results)}`
  return first === undefined ? line : `${line.slice(0, -1)}; first: ${first.check}`
}

/** JSON for an instructor's script; `saw` is what the check observed, `where` a line of the program, `hint` the first rung. */
export function jsonOf(results: readonly CheckResult[]): string {
  const rows = results.map(({ lesson, exercise, check, verdict, finding, ms }) => {
    const { saw = null, where = null, hint } = finding ?? {}
    return { lesson, exercise, check, verdict, saw, where, hint: hint?.[0] ?? null, ms }
  })
  return JSON.stringify(rows, null, 2)
}

function countOf(results: readonly CheckResult[]): string {
  return `${results.filter(({ verdict }) => verdict === 'pass').length} of ${results.length} checks pass.`
}

function lineOf({ verdict, title, ms }: CheckResult, { inverse, strong, faint }: Style, { indent }: Layout): string {
  const mark = verdict === 'pass' ? '\u2713 pass' : verdict
  const padding = ' '.repeat(VERDICT_WIDTH - mark.length)
  // A narrow terminal has no room for the time.
  const took = indent < WIDE.indent || verdict === 'could not tell' ? '' : `  ${faint(`${ms} ms`)}`
  if (verdict === 'fail') return `  ${inverse(mark)}${padding}${strong(title)}${took}`
  return `  ${mark}${padding}${title}${took}`
}

/** Margin before the bytes, in which the label of the wanted text fits. */
const GUTTER = 'wanted: '

function findingLines(finding: ResultFinding, style: Style, rungs: number, layout: Layout): readonly string[] {
  const wrap = (text: string) => wrapped(text, layout.columns)
  const { saw, where, why, hint } = finding
  const place = where === undefined || saw.includes(where) ? [] : [style.strong(where)]
  // Compiler messages are wrapped like prose, because they need no caret.
  const shown =
    finding.hinted === 'types'
      ? ['', ...(finding.bytes ?? '').split('\n').flatMap(wrap), '']
      : bytesLines(finding, layout.columns)
  const lines = [...place, ...wrap(saw), ...shown, ...(why === undefined ? [] : wrap(why))]
  if (hint) {
    const names = ['what was observed', 'where to look', 'the missing idea']
    if (lines.at(-1) !== '') lines.push('')
    for (const [i, rung] of hint.slice(0, rungs).entries())
      lines.push(...wrap(`Hint ${i + 1} of 3, ${names[i]}: ${rung}`))
  }
  return lines.map((line) => (line === '' ? '' : `${' '.repeat(layout.indent)}${line}`))
}

const trimmed = (lines: readonly string[]): readonly string[] => (lines.at(-1) === '' ? lines.slice(0, -1) : lines)

export function bytesLines(
  { bytes, at, wanted }: Pick<Finding, 'bytes' | 'at' | 'wanted'>,
  columns = WIDE.columns,
): readonly string[] {
  if (bytes === undefined) return []
  const blank = ' '.repeat(GUTTER.length)
  const lines: string[] = ['']
  let start = 0
  for (const line of bytes.split('\n')) {
    const caret = at !== undefined && at >= start && at <= start + line.length ? at - start : null
    const { text, column } = windowOf(visible(line), caret, columns)
    lines.push(`${blank}${text}`.trimEnd())
    if (caret !== null) {
      lines.push(`${blank}${' '.repeat(column)}^`)
      if (wanted !== undefined) lines.push(`${GUTTER}${' '.repeat(column)}${wanted}`)
    }
    start += line.length + 1
  }
  return [...lines, '']
}

/** Relative position of the caret in a line that is cut. */
const CARET_AT = 0.64

function windowOf(line: string, caret: number | null, columns: number): { text: string; column: number } {
  const from = caret !== null && caret > columns - 8 ? caret - Math.floor(columns * CARET_AT) : 0
  const part = line.slice(from, from + columns)
  const text = `${from > 0 ? `\u2026${part.slice(1)}` : part}${from + columns < line.length ? '\u2026' : ''}`
  return { text, column: (caret ?? 0) - from }
}

/** Replaces control characters with visible symbols of one column, so that the caret stays in place. */
const visible = (line: string): string => Array.from(line, pictureOf).join('')

function pictureOf(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return char === '\ufeff' ? '\u25a1' : char
}

/** Breaks text at spaces; a word that is too long stays whole. */
function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
