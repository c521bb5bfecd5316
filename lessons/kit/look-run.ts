/** Runs the programs of a lesson's section *Look* for its page, one at a time, as `npm run look` does in a terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LookState } from '../../server/lessons/state.ts'
import type { Lesson } from './course.ts'

export interface LookRun {
  /** Stops the program that runs, and then starts this one. With null, no program is started. */
  run(name: string | null): Promise<void>
}

const LOOK = join(import.meta.dirname, 'look.ts')

/** How much of the output a page shows. */
const OUTPUT_CHARS = 8000

/** Time limit of a program. Some start a server for the student to try. */
const LIMIT_MS = 600_000

/** Pages get the output in portions, at most this often. */
const PORTION_MS = 100

/** `told` is called with the state of the program after each change. */
export function createLookRun(lesson: Lesson, told: (look: LookState) => void): LookRun {
  let stop = async (): Promise<void> => {}
  // The wishes are executed one after the other. Otherwise two programs could run at the same time.
  let last = Promise.resolve()

  return {
    run(name) {
      return (last = last.then(async () => {
        await stop()
        stop = name === null ? async () => {} : start(name)
      }))
    },
  }

  /** Starts the program. Returns a function that stops it. */
  function start(name: string): () => Promise<void> {
    const child = spawn(process.execPath, [LOOK, String(lesson.number), name], { stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    let text = ''
    let portion: NodeJS.Timeout | undefined
    const tell = (isOver: boolean): void => {
      clearTimeout(portion)
      portion = undefined
      told({ name, text, isOver })
    }
    const add = (more: string): void => {
      text = (text + more).slice(-OUTPUT_CHARS)
      portion ??= setTimeout(() => tell(false), PORTION_MS)
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', add)
    child.once('error', (error) => add(`The program did not start: ${error.message}\n`))
    const limit = setTimeout(() => {
      add(`\nStopped, because the time limit of ${LIMIT_MS / 60_000} minutes was over.\n`)
      kill()
    }, LIMIT_MS)
    const ended = once(child, 'close').then(() => {
      process.off('exit', kill)
      clearTimeout(limit)
      tell(true)
    })
    tell(false)
    return async () => {
      // The program first undoes the conditions that it has set.
      child.kill('SIGTERM')
      const hardly = setTimeout(kill, 3000)
      await ended.catch(() => {})
      clearTimeout(hardly)
    }
  }
}
