/** The options of `npm run claims`. Every error names the option, quotes the value, and says what to do. */
import { givenOptions, writableFile } from '../compare/given.ts'
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

const KNOWN = { values: ['only', 'json', 'html'], flags: ['quick'], help: 'npm run claims -- --help' }

/** Returns null if the help is wanted. Throws `CompareError`. `known` are the numbers of all claims. */
export function readClaimsOptions(args: readonly string[], known: readonly number[]): ClaimsOptions | null {
  const given = givenOptions(args, KNOWN)
  const last = (name: string): string | undefined => given.get(name)?.at(-1)
  if (given.has('help')) return null
  return {
    only: numbersOf(last('only'), known),
    isQuick: given.has('quick'),
    json: writableFile('json', last('json')),
    html: writableFile('html', last('html')),
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
