/** Lets a program in any folder import the sandbox's files and packages like a program inside the repository. */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '../../..')
const HERE = pathToFileURL(join(REPOSITORY, 'package.json')).href
const OURS = pathToFileURL(REPOSITORY).href

export function resolveFromAnywhere(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const isBare = !/^(?:\.|\/|file:|node:|data:)/.test(specifier)
      const isForeign = context.parentURL !== undefined && !context.parentURL.startsWith(`${OURS}/`)
      return isBare && isForeign ? next(specifier, { ...context, parentURL: HERE }) : next(specifier, context)
    },
  })
}

/** Makes every later import of the file at `path` load `file` instead. */
export function takePlace(path: string, file: string): void {
  const [place, taken] = [pathToFileURL(path).href, pathToFileURL(file).href]
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      return found.url === place ? { ...found, url: taken } : found
    },
  })
}
