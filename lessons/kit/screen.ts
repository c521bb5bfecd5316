/** What the runner shows: the whole state on each change in a terminal, a line for each thing that happens elsewhere. */
import { relative } from 'node:path'
import { reportText, styleFor } from './report.ts'
import type { Style } from './report.ts'
import type { LessonState } from './runner.ts'

/** What fills the screen: the lesson, or something that a key has asked for until the next key. */
export interface Screen {
  show(state: LessonState): void
  /** Until `show` is called with `true` as its second argument, or another page is. */
  page(text: string, state: LessonState): void
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

function terminal(out: NodeJS.WriteStream): Screen {
  const style = styleFor(out)
  let page: string | null = null
  const draw = (text: string) => out.write(`${CLEAR}${text}`)
  out.write(ALTERNATE)
  return {
    show(state) {
      if (page === null) draw(stateText(state, style))
    },
    page(text) {
      page = text
      draw(`${text}\n\n${style.faint('Any key goes back to the lesson.')}\n`)
    },
    back(state) {
      page = null
      draw(stateText(state, style))
    },
    close: () => void out.write(NORMAL),
  }
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
      const { is, said, results, page, yours, beside } = state
      const where = [page && `Page ${page}`, yours && `Yours ${yours}`, beside && `Beside ${beside}`]
        .filter(Boolean)
        .join('\n')
      if (where !== '' && where !== lastWhere) out.write(`${where}\n`)
      lastWhere = where
      if (is === 'waiting') say(`${reportText(results, styleFor(out), state.rungs)}${said}`)
      else if (is !== 'checking' || results.length === 0) say(said)
    },
    page: say,
    back: () => {},
    close: () => {},
  }
}

export function stateText(state: LessonState, style: Style): string {
  const { lesson, title, folder, files, is, said, page, isServer, yours, beside } = state
  const { results, checkedAtMs, output, noticing } = state
  const path = relative(process.cwd(), folder) || folder
  const checked = checkedAtMs === null ? '' : `, checked at ${new Date(checkedAtMs).toTimeString().slice(0, 8)}`
  return [
    style.strong(`${lesson}  ${title}`),
    '',
    `  Edit   ${files.map((file) => `${path}/${file}`).join(', ')}`,
    `  Read   lessons/${lesson}/README.md`,
    `  Page   ${page ?? 'not there yet'}`,
    ...(isServer ? [`  Yours  ${yours ?? 'does not run'}`] : []),
    ...(beside === null ? [] : [`  Beside ${beside}`]),
    '',
    results.length > 0 ? reportText(results, style, state.rungs) : '',
    output.trim() === ''
      ? ''
      : `  Your program wrote:\n${output.trimEnd().split('\n').slice(-8).join('\n').replace(/^/gm, '  | ')}\n`,
    `${style.inverse(` ${is} `)} ${said}`,
    style.faint(`  watching ${path} by ${noticing}${checked}`),
    '',
    `  ${KEYS}`,
    '',
  ].join('\n')
}

export function courseText(course: LessonState['course'], current: string | null): string {
  return course
    .map(
      ({ name, title, isDone }) =>
        `  ${isDone ? '\u2713' : ' '} ${name === current ? '>' : ' '} ${name.padEnd(24)}${title}`,
    )
    .join('\n')
}
