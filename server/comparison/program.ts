/** Runs the program of `npm run compare` in a process of its own. */
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { ComparisonNews } from '../protocol/comparison.ts'
import { NODE_FLAGS } from '../start/installed.ts'

export interface ComparingProgram {
  /** Resolves when the program and its own processes have ended. Never rejects. */
  readonly ended: Promise<ProgramEnd>
  /** Asks the program to end, and kills it if it does not. Resolves after the end. */
  end(): Promise<void>
}

/** The end of a program. */
export interface ProgramEnd {
  /** A sentence part that completes "The comparing program …". */
  readonly how: string
  /** Last lines that the program has written to stderr. */
  readonly said: string
}

/** Time that the program has to end its own processes. */
const END_MS = 1500

/** Most characters of stderr that are kept. */
const SAID_CHARACTERS = 4000

/**
 * Starts the program. The channel between both processes ends with this process, even if it is killed; the program then
 * ends itself and its own processes.
 */
export function startComparing(
  file: string,
  args: readonly string[],
  told: (news: ComparisonNews) => void,
): ComparingProgram {
  const child = spawn(process.execPath, [...NODE_FLAGS, file, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    windowsHide: true,
  })
  if (child.pid !== undefined) yieldTo(child.pid)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_CHARACTERS)))
  child.on('message', (news) => {
    if (isNews(news)) told(news)
  })
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.on('error', ({ message }) => resolve({ how: `could not be started: ${message}`, said }))
    child.once('close', (code, signal) =>
      resolve({
        how: signal === null ? `ended with exit code ${code}` : `was ended by the signal ${signal}`,
        said,
      }),
    )
  })

  return {
    ended,
    async end() {
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), END_MS)
      await ended
      clearTimeout(kill)
    },
  }
}

/**
 * Lower than the usual priority. With a lower one still, the comparison would hardly run on a busy machine. Windows
 * knows only a few priorities.
 */
const LOWER = process.platform === 'win32' ? constants.priority.PRIORITY_BELOW_NORMAL : 5

/** Gives other programs of the machine more of the processors. The processes that the program starts inherit this. */
function yieldTo(pid: number): void {
  try {
    setPriority(pid, LOWER)
  } catch {
    // The program has ended already.
  }
}

const isNews = (value: unknown): value is ComparisonNews => typeof value === 'object' && value !== null && 'is' in value
