/** Functions of a browser other than Chromium that the tests of the pages need. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Engine {
  readonly name: string
  /** Reason why this browser is not available here; null if it is. */
  readonly missing: string | null
  /** Starts the browser with one page. */
  open(): Promise<EnginePage>
}

export interface EnginePage extends AsyncDisposable {
  /** Errors of the page itself, as far as the browser reports them. */
  readonly trouble: readonly string[]
  goto(url: string): Promise<void>
  /** Runs a function in the page. The function has no access to variables of the test. */
  evaluate<T, A extends unknown[]>(act: (...args: A) => T, ...args: A): Promise<T>
  /** Clicks on the middle of an element, as a pointer does. */
  click(selector: string): Promise<void>
  /** Types a text into a field, and presses Enter. */
  enter(selector: string, text: string): Promise<void>
}

/** Path of a program: the one in the environment variable, otherwise the first of these names in PATH. */
export function findProgram(variable: string, names: readonly string[]): string | null {
  const named = process.env[variable]
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named
    throw new Error(`${variable} is "${named}", which is not there. Correct it, or unset it to have one found.`)
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return paths.find((path) => existsSync(path)) ?? null
}
