/** Finds the files that a page loads, and turns each of them into the text that the browser gets. */
import { stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'

/**
 * Matches the files of Lit for browsers, which are at the top of each package and in two folders. The folders
 * `development/` and `node/` are not for browsers. The first group of the pattern is the package, and the second group
 * is the file in the package.
 */
const LIT_FILE = /^(lit|lit-html|lit-element|@lit\/reactive-element)\/((?:(?:directives|decorators)\/)?[\w-]+\.js)$/

const UPLOT_SCRIPT = 'uPlot.iife.min.js'

/**
 * Returns the folder and the file for a path below `/vendor/`, or undefined if there is no such file for browsers.
 * `folders`: the folder of each package.
 */
export function vendorFile(folders: ReadonlyMap<string, string>, path: string): [string, string] | undefined {
  const uplot = join(folders.get('uplot') ?? '', 'dist')
  if (path === 'uplot/uPlot.js') return [uplot, UPLOT_SCRIPT]
  if (path === 'uplot/uPlot.min.css') return [uplot, 'uPlot.min.css']
  const [, name = '', file] = LIT_FILE.exec(path) ?? []
  const folder = folders.get(name)
  return folder !== undefined && file !== undefined ? [folder, file] : undefined
}

/** Returns the text of a file as the browser gets it. */
export function forBrowser(text: string, path: string): string {
  if (path.endsWith('.ts')) return withoutTypes(text, path)
  return path === UPLOT_SCRIPT ? asModule(text) : text
}

/** Returns the header fields of a file that is sent to the browser. */
export function headersFor(path: string): Readonly<Record<string, string>> {
  return TYPES[extname(path)] ?? {}
}

const SCRIPT = { 'content-type': 'text/javascript; charset=utf-8' }

const TYPES: Partial<Record<string, Readonly<Record<string, string>>>> = {
  '.ts': SCRIPT,
  '.js': SCRIPT,
  '.css': { 'content-type': 'text/css; charset=utf-8' },
  '.svg': { 'content-type': 'image/svg+xml' },
  '.map': { 'content-type': 'application/json; charset=utf-8' },
}

/** Replaces types by spaces, so that DevTools shows the same lines and columns as the file in the repository. */
function withoutTypes(text: string, path: string): string {
  try {
    return quietly(() => stripTypeScriptTypes(text))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `The types in web/${path} cannot be removed: ${reason}. To find the place, run node_modules/.bin/tsc -p web`,
      { cause },
    )
  }
}

/**
 * Calls `strip` without Node's warning that type stripping is experimental, because the warning would confuse students.
 * `strip` is synchronous, so no other code can emit a warning during the call.
 */
function quietly<T>(strip: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return strip()
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * Turns uPlot's classic script into a module. The classic script is minified and has 51 kB. uPlot's ES module is not
 * minified: its 145 kB are a third of the allowed size of the whole page. In a module, the script's only variable
 * `uPlot` is not global.
 *
 * uPlot reads the browser's language, and throws if the language is invalid, such as `c` in WebKitGTK with the locale
 * C. So the module gives uPlot the language English. The page writes all numbers in English anyway.
 */
function asModule(text: string): string {
  return `const navigator = { language: 'en' }\n${text}\nexport default uPlot\n`
}
