/** Finds the folders of the packages for the browser. Each package manager installs packages in a different place. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { INSTALL_AGAIN } from '../start/installed.ts'

/**
 * For each package for the browser: the name, the package that depends on it (null for this repository), and a file of
 * the package that the browser needs.
 */
const MODULES = [
  ['lit', null, 'index.js'],
  ['lit-html', 'lit', 'lit-html.js'],
  ['lit-element', 'lit', 'lit-element.js'],
  ['@lit/reactive-element', 'lit', 'reactive-element.js'],
  ['uplot', null, 'dist/uPlot.iife.min.js'],
] as const

/**
 * Returns the folder of each package for the browser. npm puts all packages into one folder, but pnpm puts each package
 * beside the package's dependencies. So the search for a package starts at the folder of the package that imports it.
 * `root`: folder whose `package.json` names the dependencies.
 * Throws an error that names the missing or incomplete package.
 */
export function findVendored(root: string): ReadonlyMap<string, string> {
  const folders = new Map<string, string>()
  for (const [name, by, file] of MODULES) {
    const from = by === null ? root : (folders.get(by) ?? root)
    const folder = packageFolder(name, from)
    const needed = by === null ? '' : `, which ${by} needs,`
    if (folder === null) throw new Error(`The package ${name}${needed} is not installed. ${INSTALL_AGAIN}`)
    if (!existsSync(join(folder, file)))
      throw new Error(
        `The package ${name} has no ${file} in ${folder}: it is not installed completely. ${INSTALL_AGAIN}`,
      )
    folders.set(name, folder)
  }
  return folders
}

/**
 * Returns the folder of a package. Searches like Node for an import in the folder `from`: in `node_modules` of `from`
 * and of each parent folder. Follows symbolic links first, because pnpm installs a link to each package, and puts the
 * package's dependencies beside the link's target. Returns null if the package is not installed.
 */
export function packageFolder(name: string, from: string): string | null {
  const start = realpathSync(from)
  for (let folder = start, above = dirname(folder); ; folder = above, above = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return realpathSync(found)
    if (folder === above) return null
  }
}
