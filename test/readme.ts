import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Returns the one fenced block of a language in the server's README, so that a test runs what people copy. `heading`: the
 * heading of the section in which the block is. Default: any section.
 */
export function blockOf(language: string, heading?: string): string {
  const readme = readFileSync(join(import.meta.dirname, '../server/README.md'), 'utf8')
  const sections = readme.split(/^##+ /m)
  const chosen = heading === undefined ? readme : sections.find((section) => section.startsWith(`${heading}\n`))
  const where = heading === undefined ? '' : ` in the section "${heading}"`
  if (chosen === undefined) throw new Error(`server/README.md has no section "${heading}".`)
  const blocks = [...chosen.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language)
  const [, , text] = blocks[0] ?? []
  if (text === undefined || blocks.length > 1)
    throw new Error(`server/README.md has ${blocks.length} blocks of ${language}${where}, not one.`)
  return text
}

/** Replaces the texts that differ in a test. Throws if one of them is missing. */
export function withThese(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from))
      throw new Error(`There is no ${JSON.stringify(from)} in that block of server/README.md.`)
    return changed.replaceAll(from, to)
  }, text)
}
