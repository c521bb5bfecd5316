/** Finds the values in a page's address that the page cannot use, and writes one sentence about them. */

/** What a page accepts for one name in its address. */
export interface AddressRule {
  /** Returns the parts of a value that the page cannot use. */
  unusableIn(value: string): readonly string[]
  /** Words that complete "give …". */
  readonly allowed: string
  /** The value that the page uses instead, as people read it; undefined if the page only ignores the value. */
  readonly instead?: string
}

const LONGEST_QUOTED = 40

/** Returns a sentence about the values in a query that the page cannot use; null if it can use all of them. */
export function troubleIn(search: string, rules: ReadonlyMap<string, AddressRule>): string | null {
  const problems = [...new URLSearchParams(search)].flatMap(([key, value]) => {
    const rule = rules.get(key)
    if (!rule) return []
    const instead = rule.instead === undefined ? '' : `; the page uses ${rule.instead}`
    return rule
      .unusableIn(value)
      .map((part) => `${key} “${part.slice(0, LONGEST_QUOTED)}” (give ${rule.allowed}${instead})`)
  })
  if (problems.length === 0) return null
  return `The address has ${problems.length === 1 ? 'a value' : 'values'} that this page cannot use: ${problems.join('; ')}.`
}

export function ruleOf(isUsable: (value: string) => boolean, allowed: string): AddressRule {
  return { unusableIn: (value) => (isUsable(value) ? [] : [value]), allowed }
}

export function wordRule(...words: readonly string[]): AddressRule {
  return ruleOf((value) => words.includes(value), wordsOf(words))
}

export function wordsOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
