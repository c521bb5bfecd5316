/**
 * Stores a person's choices between visits. If the browser forbids storage, nothing is stored, and no error is
 * reported.
 */
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
    // Storage is forbidden or full, so the page asks for the value again next time.
  }
}
