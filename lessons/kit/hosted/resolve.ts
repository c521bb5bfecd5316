/** Lets a program in any folder import the sandbox's own files and packages as one inside of the repository does. */
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

/** From here on whoever imports the file at the path gets the other one. */
export function takePlace(path: string, file: string): void {
  const [place, taken] = [pathToFileURL(path).href, pathToFileURL(file).href]
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      return found.url === place ? { ...found, url: taken } : found
    },
  })
}
