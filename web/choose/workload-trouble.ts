/** Names the values in the address of the decision page that the page cannot use, and what it uses instead. */
import { ruleOf, troubleIn, wordRule } from '../session/address-rules.ts'
import type { AddressRule } from '../session/address-rules.ts'
import { FIGURES, HTTP_VERSIONS, PATHS, READERS, WHOLE, isFitting, readNumber } from '../measure/workload.ts'
import type { Figure } from '../measure/workload.ts'

/** Returns a sentence about the values in a query that this page cannot use; null if it can use all of them. */
export const workloadTrouble = (search: string): string | null => troubleIn(search, RULES)

const RULES: ReadonlyMap<string, AddressRule> = new Map<string, AddressRule>([
  ...(Object.keys(FIGURES) as Figure[]).map((name) => [name, figureRule(name)] as const),
  ['path', { ...wordRule(...PATHS), instead: 'clear' }],
  ['readers', { ...wordRule(...READERS), instead: 'pages' }],
  ['http', { ...wordRule(...HTTP_VERSIONS), instead: '1.1' }],
  ['speaks', { ...wordRule('yes', 'no'), instead: 'no' }],
])

function figureRule(name: Figure): AddressRule {
  const allowed = `${WHOLE.includes(name) ? 'a whole number' : 'a number'} from ${rangeText(name)}`
  return {
    ...ruleOf((value) => isFitting(name, readNumber(value)), allowed),
    instead: FIGURES[name].usual.toLocaleString('en'),
  }
}

/** Returns the range of a figure in words. */
export function rangeText(name: Figure): string {
  const { from, to } = FIGURES[name]
  return `${numberText(from)} to ${numberText(to)}`
}

function numberText(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 6 })
}
