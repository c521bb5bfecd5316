/**
 * Keeps a person's choices between visits. If the browser forbids storage, nothing is kept, and nobody gets an error.
 */
type Remembered = 'name' | 'person' | 'seat' | 'theme' | `${'prediction' | 'count'}.${string}`

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
    // The browser forbids storage, or the storage is full. The page asks for the value again at the next visit.
  }
}
