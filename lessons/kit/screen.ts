/** What the runner shows: the whole state on each change in a terminal, a line for each thing that happens elsewhere. */
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { layoutFor, reportText, styleFor } from './report.ts'
import type { Style } from './report.ts'
import type { LessonState } from './runner.ts'

/** What fills the screen: the lesson, or something that a key has asked for until the next key. */
export interface Screen {
  show(state: LessonState): void
  /** Until `back` is called. */
  page(text: string, state: LessonState): void
  /** Shows the next part of what is longer than the screen. False where the last one is shown, or all of it. */
  more(): boolean
  back(state: LessonState): void
  close(): void
}

const KEYS = 'r run   h hint   n next lesson   l list   s solution   x begin anew   q quit'

const CLEAR = '\x1b[2J\x1b[3J\x1b[H'
const ALTERNATE = '\x1b[?1049h'
const NORMAL = '\x1b[?1049l'

export function createScreen(out: NodeJS.WriteStream): Screen {
  return out.isTTY ? terminal(out) : plain(out)
}

/** The first part and the last stand still; of the middle there is as much as fits, from the line `from` on. */
interface Parts {
  readonly head: readonly string[]
  readonly body: readonly string[]
  readonly foot: readonly string[]
}

function terminal(out: NodeJS.WriteStream): Screen {
  const style = styleFor(out)
  let page: string | null = null
  let shown: LessonState | null = null
  /** The first line of the body that is on the screen. */
  let from = 0
  let bodyLines = 0
  let roomLines = 0

  const draw = () => {
    const columns = out.columns || 80
    const rows = out.rows || 24
    const { text, body, room } = screenful(partsFor(columns, rows), from, rows)
    bodyLines = body
    roomLines = room
    out.write(`${CLEAR}${text}`)
  }
  const partsFor = (columns: number, rows: number): Parts => {
    if (page !== null) {
      const body = page.split('\n').flatMap((line) => folded(line, columns))
      return { head: [], body, foot: ['', style.faint('Any key goes back to the lesson.')] }
    }
    if (shown === null) return { head: [], body: [], foot: [] }
    const whole = partsOf(shown, style, columns)
    const isShort = whole.head.length + whole.body.length + whole.foot.length > rows
    return isShort ? partsOf(shown, style, columns, true) : whole
  }
  out.write(ALTERNATE)
  out.on('resize', draw)
  return {
    show(state) {
      if (shown?.is !== state.is) from = 0
      shown = state
      if (page === null) draw()
    },
    page(text) {
      page = text
      from = 0
      draw()
    },
    more() {
      if (from + roomLines >= bodyLines) {
        from = 0
        draw()
        return false
      }
      from += roomLines
      draw()
      return true
    },
    back(state) {
      page = null
      shown = state
      from = 0
      draw()
    },
    close() {
      out.off('resize', draw)
      out.write(NORMAL)
    },
  }
}

/** `room`: how many lines of the body are on it. */
export function screenful({ head, body, foot }: Parts, from: number, rows: number) {
  const all = Math.max(4, rows - head.length - foot.length)
  const isWhole = body.length <= all
  const room = isWhole ? all : all - 1
  const part = body.slice(from, from + room)
  const rest = body.length - from - part.length
  const note =
    rest > 0
      ? `  \u2193 ${rest} more line${rest === 1 ? '' : 's'}: press space`
      : '  \u2191 press space for the beginning'
  const lines = [...head, ...part, ...(isWhole ? [] : [note]), ...foot]
  return { text: lines.join('\n'), body: body.length, room }
}

/** Without a terminal nothing is drawn over: each run is reported once, when it is over. */
function plain(out: NodeJS.WriteStream): Screen {
  let last = ''
  let lastWhere = ''
  const say = (text: string) => {
    if (text !== last) out.write(`${text}\n`)
    last = text
  }
  return {
    show(state) {
      const { is, said, results, page, look, yours, beside } = state
      const where = [
        page && `Read ${page}`,
        look && `Look ${look}`,
        yours && `Yours ${yours}`,
        beside && `Beside ${beside}`,
      ]
        .filter(Boolean)
        .join('\n')
      if (where !== '' && where !== lastWhere) out.write(`${where}\n`)
      lastWhere = where
      if (is === 'waiting') say(`${reportText(results, styleFor(out), state.rungs)}${said}`)
      else if (is !== 'checking' || results.length === 0) say(said)
    },
    page: say,
    more: () => false,
    back: () => {},
    close: () => {},
  }
}

/** All of it, as long as it is. */
export function stateText(state: LessonState, style: Style, columns = Number.POSITIVE_INFINITY): string {
  const { head, body, foot } = partsOf(state, style, columns)
  return [...head, ...body, ...foot, ''].join('\n')
}

/** `isShort`: for a screen on which not everything fits. What passes is counted there and not listed. */
function partsOf(state: LessonState, style: Style, columns: number, isShort = false): Parts {
  const { lesson, title, folder, files, is, said, page, look, isServer, yours, beside } = state
  const { results, checkedAtMs, output, noticing } = state
  const path = relative(process.cwd(), folder) || folder
  const checked =
    checkedAtMs === null || is === 'checking' ? '' : `, checked at ${new Date(checkedAtMs).toTimeString().slice(0, 8)}`
  const gap = isShort ? [] : ['']
  const head = [
    style.strong(`${lesson}  ${title}`),
    ...gap,
    `  Read   ${page ?? `lessons/${lesson}/README.md`}${isElsewhere(page) ? '  (port 3000 is in use)' : ''}`,
    `  Look   ${look ?? 'not there yet'}`,
    `  Edit   ${files.map((file) => `${path}/${file}`).join(', ')}`,
    ...(isServer ? [`  Yours  ${yours ?? 'does not run'}`] : []),
    ...(beside === null ? [] : [`  Beside ${beside}`]),
    '',
  ]
  const layout = layoutFor(columns)
  const listed = isShort ? { ...layout, isBrief: true } : layout
  const report = results.length > 0 ? reportText(results, style, state.rungs, listed).split('\n') : gap
  const wrote = output.trim() === '' ? [] : ['  Your program wrote:', ...lastLines(output), ...gap]
  const foot = [
    `${style.inverse(` ${is} `)} ${said}`,
    style.faint(`  watching ${path} by ${noticing}${checked}`),
    ...gap,
    `  ${KEYS}`,
  ]
  const fold = (lines: readonly string[]) => lines.flatMap((line) => folded(line, columns))
  return { head: fold(head), body: fold([...report, ...wrote]), foot: fold(foot) }
}

/** The pages' own words are `localhost:3000`; a page of the sandbox shows the port that it is at. */
const isElsewhere = (page: string | null): boolean => page !== null && !page.startsWith('http://localhost:3000/')

/** The last of what the program wrote, without anything that could draw over the screen. */
function lastLines(output: string): readonly string[] {
  const lines = stripVTControlCharacters(output).trimEnd().split('\n').slice(-8)
  // oxlint-disable-next-line no-control-regex -- that is what is taken out
  return lines.map((line) => `  | ${line.replace(/[\x00-\x08\x0b-\x1f]/g, '')}`)
}

/** A line that is too wide, broken at blanks and set in as its last column is; styles count for nothing. */
function folded(line: string, columns: number): readonly string[] {
  if (widthOf(line) <= columns) return [line]
  const indent = ' '.repeat(/^(?:.{0,38} {2,}(?=\S)| *)/.exec(stripVTControlCharacters(line))?.[0].length ?? 0)
  const lines: string[] = []
  for (const word of line.split(' ').flatMap((word) => cut(word, columns - indent.length))) {
    const last = lines.at(-1)
    if (last === undefined) lines.push(word)
    else if (widthOf(last) + 1 + widthOf(word) <= columns || last.trim() === '')
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${indent}${word}`)
  }
  return lines
}

const widthOf = (text: string): number => stripVTControlCharacters(text).length

/** A word wider than a line, in pieces. One with styles in it stays whole: none is so long. */
function cut(word: string, columns: number): readonly string[] {
  if (word.length <= columns || widthOf(word) !== word.length) return [word]
  return [word.slice(0, columns), ...cut(word.slice(columns), columns)]
}

export function courseText(course: LessonState['course'], current: string | null): string {
  const width = Math.max(...course.map(({ name }) => name.length)) + 2
  return course
    .map(
      ({ name, title, isDone }) =>
        `  ${isDone ? '\u2713' : ' '} ${name === current ? '>' : ' '} ${name.padEnd(width)}${title}`,
    )
    .join('\n')
}
