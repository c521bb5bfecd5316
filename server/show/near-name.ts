/** Returns the known name that somebody probably meant: one with at most two slips, or null if there is none. */
export function nearName(given: string, names: readonly string[]): string | null {
  const found = names
    .map((name) => ({ name, slips: slipsBetween(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, slips }) => slips <= Math.min(2, name.length / 2))
    .toSorted((a, b) => a.slips - b.slips)
  return found[0]?.name ?? null
}

/** Returns the least number of letters that must be added, removed or replaced (Levenshtein distance). */
function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (letter === b[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
