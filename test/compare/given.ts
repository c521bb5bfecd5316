/** Reads the options of a command line. Every error names the option, quotes the value, and says what to do. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CompareError } from './trouble.ts'

/** The options that a program knows. */
export interface KnownOptions {
  /** Options with a value. */
  readonly values: readonly string[]
  /** Options without a value. */
  readonly flags: readonly string[]
  /** Command that prints the options, such as `npm run compare -- --help`. */
  readonly help: string
}

/**
 * Returns the values of each given option; a flag has an empty text. Node's own errors do not quote the value and
 * suggest nothing. Throws `CompareError`.
 */
export function givenOptions(
  args: readonly string[],
  { values, flags, help }: KnownOptions,
): ReadonlyMap<string, readonly string[]> {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(values.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    tokens: true,
  })
  const given = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') throw new CompareError(`"${token.value}" belongs to no option. See ${help}`)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const isFlag = name === 'help' || flags.includes(name)
    if (isFlag && value !== undefined)
      throw new CompareError(`${rawName} is "${value}", and it takes no value. Leave the value out.`)
    if (!isFlag && !values.includes(name)) throw new CompareError(`${rawName} is no option. See ${help}`)
    if (!isFlag && (value === undefined || value === '' || value.startsWith('--')))
      throw new CompareError(`${rawName} is "${value ?? ''}". Give it a value, as in ${help}`)
    given.set(name, [...(given.get(name) ?? []), value ?? ''])
  }
  return given
}

/** Refuses a file that cannot be written before anything is measured. Throws `CompareError`. */
export function writableFile(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const folder = dirname(resolve(file))
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new CompareError(`--${name} is "${file}", and the folder ${folder} does not exist. Create it first.`)
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new CompareError(`--${name} is "${file}", which is a folder. Give the name of a file.`)
  return file
}
