/** Display of the runner: a terminal shows the whole state after each change; other outputs get one line for each event. */
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Bugs } from './hunt.ts'
import { layoutFor, reportText, styleFor } from './report.ts'
import type { Style } from './report.ts'
import type { RunnerState } from './runner.ts'

/** The screen shows the state of the lesson, or a page of text that a key has opened. */
export interface Screen {
  show(state: RunnerState): void
  /** Shows a text until `back` is called. */
  page(text: string, state: RunnerState): void
  /** Shows the next part of a long text. Returns false at the end, and shows the first part again. */
  more(): boolean
  back(state: RunnerState): void
  close(): void
}

const KEYS = 'r run  h hint  n next lesson  l list  s solution  b bug hunt  x restart  q quit'

const HUNT_KEYS = 'r run  h hint  n next bug  l list  s solution  b your work  x restart  q quit'

const CLEAR = '\x1b[2J\x1b[3J\x1b[H'
const ALTERNATE = '\x1b[?1049h'
const NORMAL = '\x1b[?1049l'

export function createScreen(out: NodeJS.WriteStream): Screen {
  return out.isTTY ? terminal(out) : plain(out)
}

/** Parts of the screen. Head and foot are always shown; the body is scrolled. */
interface Parts {
  readonly head: readonly string[]
  readonly body: readonly string[]
  readonly foot: readonly string[]
}

function terminal(out: NodeJS.WriteStream): Screen {
  const style = styleFor(out)
  let page: string | null = null
  let shown: RunnerState | null = null
  /** Index of the first visible line of the body. */
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
      return { head: [], body, foot: ['', style.faint('Press any key to go back to the lesson.')] }
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

/** Returns the text of one screen. `room`: number of body lines on it. */
export function screenful({ head, body, foot }: Parts, from: number, rows: number) {
  const all = Math.max(4, rows - head.length - foot.length)
  const isWhole = body.length <= all
  const room = isWhole ? all : all - 1
  const part = body.slice(from, from + room)
  const rest = body.length - from - part.length
  const note =
    rest > 0
      ? `  \u2193 ${rest} more line${rest === 1 ? '' : 's'}: press space`
      : '  ↑ press space to go to the beginning'
  const lines = [...head, ...part, ...(isWhole ? [] : [note]), ...foot]
  return { text: lines.join('\n'), body: body.length, room }
}

/** Screen without a terminal: prints the report of each run once, at its end. */
function plain(out: NodeJS.WriteStream): Screen {
  let last = ''
  let lastWhere = ''
  const say = (text: string) => {
    if (text !== last) out.write(`${text}\n`)
    last = text
  }
  return {
    show(state) {
      const { is, said, results, page, look, yours, companion } = state
      const where = [
        page && `Read ${page}`,
        look && `Look ${look}`,
        yours && `Yours ${yours}`,
        companion && `Beside ${companion}`,
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

/** Returns the whole state as text, without scrolling. */
export function stateText(state: RunnerState, style: Style, columns = Number.POSITIVE_INFINITY): string {
  const { head, body, foot } = partsOf(state, style, columns)
  return [...head, ...body, ...foot, ''].join('\n')
}

/** `isShort`: for a small screen, on which passed checks are only counted. */
function partsOf(state: RunnerState, style: Style, columns: number, isShort = false): Parts {
  const { lesson, title, folder, hunt, files, is, said, page, look, isServer, yours, companion } = state
  const { results, checkedAtMs, output, noticing } = state
  const path = relative(process.cwd(), folder) || folder
  const checked =
    checkedAtMs === null || is === 'checking' ? '' : `, checked at ${new Date(checkedAtMs).toTimeString().slice(0, 8)}`
  const gap = isShort ? [] : ['']
  const head = [
    style.strong(`${lesson}  ${hunt ? `Bug hunt ${hunt.number} of ${hunt.of}` : title}`),
    ...gap,
    `  Read   ${page ?? `lessons/${lesson}/README.md`}${isElsewhere(page) ? '  (port 3000 is in use)' : ''}`,
    `  Look   ${look ?? 'not ready yet'}`,
    `  Edit   ${files.map((file) => `${path}/${file}`).join(', ')}`,
    ...(isServer ? [`  Yours  ${yours ?? 'is not running'}`] : []),
    ...(companion === null ? [] : [`  Beside ${companion}`]),
    '',
  ]
  const layout = layoutFor(columns)
  const listed = isShort ? { ...layout, isBrief: true } : layout
  const report = results.length > 0 ? reportText(results, style, state.rungs, listed).split('\n') : gap
  const wrote = output.trim() === '' ? [] : ['  Output of your program:', ...lastLines(output), ...gap]
  const foot = [
    `${style.inverse(` ${is} `)} ${said}`,
    style.faint(`  watching ${path} by ${noticing}${checked}`),
    ...gap,
    `  ${hunt ? HUNT_KEYS : KEYS}`,
  ]
  const fold = (lines: readonly string[]) => lines.flatMap((line) => folded(line, columns))
  return { head: fold(head), body: fold([...report, ...wrote]), foot: fold(foot) }
}

/** True if the sandbox is at another address than `localhost:3000`, which the texts of the lessons name. */
const isElsewhere = (page: string | null): boolean =>
  page !== null && !/^http:\/\/localhost:3000\/|-3000\.|\/\/3000-/.test(page)

/** Last lines of the program's output, without control characters. */
function lastLines(output: string): readonly string[] {
  const lines = stripVTControlCharacters(output).trimEnd().split('\n').slice(-8)
  // oxlint-disable-next-line no-control-regex -- control characters are removed here
  return lines.map((line) => `  | ${line.replace(/[\x00-\x08\x0b-\x1f]/g, '')}`)
}

/** Breaks a line that is too wide at spaces, and indents the rest like its last column. Style codes have no width. */
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

/** Cuts a word that is wider than a line. A word with style codes stays whole, because none is that long. */
function cut(word: string, columns: number): readonly string[] {
  if (word.length <= columns || widthOf(word) !== word.length) return [word]
  return [word.slice(0, columns), ...cut(word.slice(columns), columns)]
}

export function courseText(course: RunnerState['course'], current: string | null): string {
  const width = Math.max(...course.map(({ name }) => name.length)) + 2
  return course
    .flatMap(({ name, title, isDone, bugs }) => [
      `  ${isDone ? '\u2713' : ' '} ${name === current ? '>' : ' '} ${name.padEnd(width)}${title}`,
      ...(isDone && bugs.of > 0 ? [`${' '.repeat(6 + width)}${bugsText(name, bugs)}`] : []),
    ])
    .join('\n')
}

function bugsText(lesson: string, { found, of }: Bugs): string {
  const command = found < of ? `: npm run lesson hunt ${Number(lesson.slice(0, 2))}` : ''
  return `${found} of ${of} bugs found${command}`
}
