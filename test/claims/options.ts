/** The options of `npm run claims`. Every error names the option, quotes the value, and says what to do. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CompareError } from '../compare/trouble.ts'

export interface ClaimsOptions {
  /** Numbers of the claims to measure. */
  readonly only: readonly number[]
  readonly isQuick: boolean
  readonly json: string | undefined
  readonly html: string | undefined
}

export const CLAIMS_HELP = `Measures published claims about transports again on this machine, and states whether they hold.

  npm run claims -- [options]

  --only LIST   numbers of the claims, separated by commas    (all)
  --quick       short measurements, which can tell less
  --json FILE   writes the result as JSON
  --html FILE   writes the result as a page that needs no other file
  --help        prints this text`

const OPTIONS = {
  only: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'string' },
  html: { type: 'string' },
  help: { type: 'boolean' },
} as const

/** Returns null if the help is wanted. Throws `CompareError`. `known` are the numbers of all claims. */
export function readClaimsOptions(args: readonly string[], known: readonly number[]): ClaimsOptions | null {
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, tokens: true, strict: false })
  const given = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional')
      throw new CompareError(`"${token.value}" is no option. See npm run claims -- --help`)
    const { name, rawName, value } = token
    if (!Object.hasOwn(OPTIONS, name)) throw new CompareError(`${rawName} is no option. See npm run claims -- --help`)
    const isSwitch = name === 'quick' || name === 'help'
    if (isSwitch && value !== undefined)
      throw new CompareError(`${rawName} is "${value}", and it takes no value. Leave the value out.`)
    if (!isSwitch && (value === undefined || value === '' || value.startsWith('--')))
      throw new CompareError(`${rawName} is "${value ?? ''}". Give it a value, as in npm run claims -- --help`)
    given.set(name, value ?? '')
  }
  if (given.has('help')) return null
  return {
    only: numbersOf(given.get('only'), known),
    isQuick: given.has('quick'),
    json: writableFile('json', given.get('json')),
    html: writableFile('html', given.get('html')),
  }
}

function numbersOf(text: string | undefined, known: readonly number[]): readonly number[] {
  if (text === undefined) return known
  const numbers = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN))
  if (numbers.every((number) => known.includes(number))) return known.filter((number) => numbers.includes(number))
  throw new CompareError(
    `--only is "${text}". Give numbers of claims from ${known.at(0)} to ${known.at(-1)}, separated by commas.`,
  )
}

/** Refuses a file that cannot be written before anything is measured. */
function writableFile(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const folder = dirname(resolve(file))
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new CompareError(`--${name} is "${file}", and the folder ${folder} does not exist. Create it first.`)
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new CompareError(`--${name} is "${file}", which is a folder. Give the name of a file.`)
  return file
}
