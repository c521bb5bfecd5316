import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The README's one fenced block in a language, so that what a test runs is what people copy. */
export function blockOf(language: string): string {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language)
  const [, , text] = blocks[0] ?? []
  if (text === undefined || blocks.length > 1)
    throw new Error(`The README has ${blocks.length} blocks of ${language}, not one.`)
  return text
}

/** Replaces what has to be otherwise in a test, and fails where it is not there. */
export function withThese(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`There is no ${JSON.stringify(from)} in what the README says.`)
    return changed.replaceAll(from, to)
  }, text)
}
