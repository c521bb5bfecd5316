/** What the page remembers between visits. A browser may forbid it: then it does not, and nothing breaks. */
type Remembered = 'name' | 'person' | 'theme' | `${'prediction' | 'count'}.${string}`

export function recall(what: Remembered): string | null {
  try {
    return localStorage.getItem(`fourwire.${what}`)
  } catch {
    return null
  }
}

export function remember(what: Remembered, value: string): void {
  try {
    localStorage.setItem(`fourwire.${what}`, value)
  } catch {
    // Forbidden or full: it is asked for again next time.
  }
}
