/** Reads JSON (RFC 8259) and remembers where each value is, so that an error can name the line and the column. */

export interface JsonText {
  readonly value: unknown
  /** Returns the place of a value, such as `line 3, column 5`. `path`: the names and indexes that lead to the value. */
  placeOf(path: readonly (string | number)[]): string
}

/** Throws an error that begins with the place if the text is not valid JSON, or if an object has a name twice. */
export function readJson(text: string): JsonText {
  const places = new Map<string, number>()
  let at = 0
  skipSpace()
  const value = readValue([])
  if (at < text.length) fail('one JSON value, and nothing after it')
  return { value, placeOf: (path) => place(places.get(keyOf(path)) ?? 0) }

  function readValue(path: readonly (string | number)[]): unknown {
    places.set(keyOf(path), at)
    if (text[at] === '{') return readObject(path)
    if (text[at] === '[') return readList(path)
    const scalar = take(SCALAR)
    if (scalar === null) fail('a value: a text in double quotes, a number, true, false, null, [ or {')
    const value = parse(scalar)
    skipSpace()
    return value
  }

  function readObject(path: readonly (string | number)[]): object {
    const fields = new Map<string, unknown>()
    step()
    while (text[at] !== '}') {
      if (fields.size > 0) comma('}')
      const nameAt = at
      const name = take(STRING)
      if (name === null) fail(fields.size > 0 ? 'a name in double quotes' : 'a name in double quotes, or }')
      const field = String(parse(name))
      if (fields.has(field)) throw new Error(`${place(nameAt)}: the name ${name} is there twice. Remove one of them.`)
      skipSpace()
      if (text[at] !== ':') fail('a colon after the name')
      step()
      fields.set(field, readValue([...path, field]))
    }
    step()
    return Object.fromEntries(fields)
  }

  function readList(path: readonly (string | number)[]): unknown[] {
    const list: unknown[] = []
    step()
    while (text[at] !== ']') {
      if (list.length > 0) comma(']')
      list.push(readValue([...path, list.length]))
    }
    step()
    return list
  }

  /** Parses a text, a number or a word. A text may still contain a wrong escape. */
  function parse(scalar: string): unknown {
    try {
      return JSON.parse(scalar)
    } catch {
      at -= scalar.length
      return fail('a text without wrong escapes and control characters')
    }
  }

  function comma(end: string): void {
    if (text[at] !== ',') fail(`a comma or ${end}`)
    step()
  }

  /** Goes over one character and the space after it. */
  function step(): void {
    at += 1
    skipSpace()
  }

  function skipSpace(): void {
    take(SPACE)
  }

  function take(pattern: RegExp): string | null {
    pattern.lastIndex = at
    const [found] = pattern.exec(text) ?? []
    if (found === undefined) return null
    at += found.length
    return found
  }

  function fail(expected: string): never {
    const found = at < text.length ? `there is ${JSON.stringify(text.slice(at, at + 10))}` : 'the file ends'
    throw new Error(`${place(at)}: ${found}, but JSON needs ${expected} here.`)
  }

  function place(index: number): string {
    const lines = text.slice(0, index).split(/\r\n|\r|\n/)
    return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
  }
}

const SPACE = /[ \t\r\n]*/y
const STRING = /"(?:[^"\\\r\n]|\\.)*"/y
const SCALAR = new RegExp(`${STRING.source}|-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null`, 'y')

const keyOf = (path: readonly (string | number)[]): string => JSON.stringify(path)
