/** JSON of unknown shape. */

/** Returns the value of a JSON text; undefined if the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns a field of a value; undefined if the value lacks the field or is not an object. */
export const fieldOf = (value: unknown, name: string): unknown => Object(value)[name]
