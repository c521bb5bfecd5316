/**
 * Finds the secrets in a text: the values that follow certain names. The time of each search is linear in the length of
 * the text, and each search pauses often, because anybody can send a text that is made to slow down the search.
 */

/** Range of characters: `from` is included, `to` is not. */
export interface TextRange {
  readonly from: number
  readonly to: number
}

/** Yields the range of each secret. Yields null for a pause without a secret. */
type Found = Generator<TextRange | null, void, void>

/** Patterns for the names of secrets, in upper or lower case. */
const NAMES = {
  /** Fields of a head whose whole value is a secret. */
  header:
    /^(?:cookie2?|set-cookie2?|(?:proxy-)?authorization|sec-websocket-protocol|x-.*(?:token|ticket|key|auth|session|password|secret).*|.*-(?:token|ticket|secret|password)|api-?key)$/i,
  /** Parameters of a query, or of a form. */
  parameter: /token|ticket|key|auth|session|password|secret/i,
  /** Keys in JSON. */
  key: /token|ticket|password|secret/i,
}

/**
 * Patterns for the values of fields that are secret only in part. The first group of each pattern is visible, and the
 * second group is secret.
 */
const VALUES: Partial<Record<string, RegExp>> = {
  // The name of a cookie is visible. A cookie without a name is completely secret.
  cookie: /((?:^|;) *(?:[^=;]*=)?)([^;]*)/g,
  // The attributes after the cookie are visible.
  'set-cookie': /^((?:[^=;]*=)?)([^;]*)/g,
  authorization: /^((?:\S+ +)?)(.*)/g,
  'proxy-authorization': /^((?:\S+ +)?)(.*)/g,
  'sec-websocket-protocol': /((?:^|,) *)([^,]*)/g,
}

/** Finds the secrets in the head of a request or a response. */
export function* headSecrets(text: string): Found {
  yield* fieldSecrets(text)
  yield* parameterSecrets(text)
  yield* userSecrets(text)
}

/** Finds the secrets in a body or a message: in JSON, in a form, or in several of these one after another. */
export function* contentSecrets(text: string): Found {
  yield* jsonSecrets(text)
  yield* parameterSecrets(text)
}

/**
 * Returns the forms in which a value can occur elsewhere: unchanged, decoded from a query or from JSON, and encoded
 * again. All texts are Latin-1.
 */
export function spellings(value: string): string[] {
  const plain = [value, attempt(value, decoded), attempt(value, unquoted)]
  return plain.flatMap((text) => [text, JSON.stringify(text).slice(1, -1), latin1(encodeURIComponent(utf8(text)))])
}

function* fieldSecrets(text: string): Found {
  for (const { index, 0: all, 1: name = '', 2: value = '' } of text.matchAll(/^([^\s:]+):[ \t]*(.*)$/gm)) {
    yield null
    if (!NAMES.header.test(name)) continue
    for (const part of value.matchAll(VALUES[name.toLowerCase()] ?? /^()(.*)/g))
      yield rangeOf(index + all.length - value.length + part.index, part[1], part[2])
  }
}

/**
 * Finds the values of secret parameters. In the pattern, a name can begin only after a separator. If a name could begin
 * at every character, the search would read a text without separators once for each of its characters.
 */
function* parameterSecrets(text: string): Found {
  const valueAt = /[^&\s"'#]*/y
  for (const { index, 0: before } of text.matchAll(/(?<![^?&;,\s"'=#])[^?&;,\s"'=#]+=/g)) {
    yield null
    if (!NAMES.parameter.test(decodedName(before))) continue
    valueAt.lastIndex = index + before.length
    yield rangeOf(index, before, valueAt.exec(text)?.[0])
  }
}

/** Finds the user and password in a URL such as `http://user:password@host/`. */
function* userSecrets(text: string): Found {
  for (const { index, 1: before, 2: user } of text.matchAll(/(\/\/)([^/@\s]+)@/g)) yield rangeOf(index, before, user)
}

/**
 * Finds secrets in JSON. This function uses no JSON parser, because a parser would not find a value that is cut off in
 * the middle.
 */
function* jsonSecrets(text: string): Found {
  const valueAt = { quoted: /(?:[^"\\]|\\.)*\\?/sy, bare: /[^\s,}\]]*/y }
  for (const { index, 0: before, 1: quote } of text.matchAll(/"\s*:\s*("?)/g)) {
    yield null
    if (!NAMES.key.test(unquotedName(keyBefore(text, index)))) continue
    const value = quote ? valueAt.quoted : valueAt.bare
    value.lastIndex = index + before.length
    yield rangeOf(index, before, value.exec(text)?.[0])
  }
}

const KEY_LENGTH = 256

function keyBefore(text: string, end: number): string {
  const before = text.slice(Math.max(0, end - KEY_LENGTH), end)
  return before.slice(before.lastIndexOf('"') + 1)
}

function rangeOf(index: number, before = '', value = ''): TextRange {
  const from = index + before.length
  return { from, to: from + value.length }
}

/**
 * Decodes a percent-encoded name. Does not throw for a malformed name, because a text can contain thousands of
 * malformed names.
 */
const decodedName = (name: string): string => name.replace(/%([\da-f]{2})/gi, characterOf)

const unquotedName = (name: string): string => name.replace(/\\u([\da-f]{4})/gi, characterOf)

const characterOf = (_escape: string, code: string): string => String.fromCharCode(Number.parseInt(code, 16))

const decoded = (text: string): string => latin1(decodeURIComponent(text.replaceAll('+', ' ')))

const unquoted = (text: string): string => latin1(JSON.parse(`"${utf8(text)}"`))

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()

/**
 * Returns the result of `change`. If `change` throws, the text has another encoding, and `attempt` returns the text
 * unchanged.
 */
function attempt(text: string, change: (text: string) => string): string {
  try {
    return change(text)
  } catch {
    return text
  }
}
