/** Recognises an event by its JSON text. */

/** Returns true if the text is an event: an object with `id` and `at`. Control messages have no `at`. */
export function isEvent(text: string): boolean {
  const value = parse(text)
  return typeof value === 'object' && value !== null && 'id' in value && 'at' in value
}

/** Returns the id of an event; undefined if the text has no id. */
export function idOf(event: string): string | undefined {
  const value = parse(event)
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : undefined
}

/** Parses JSON. Returns null if the text is not valid JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
