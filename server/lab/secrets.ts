/** What of the bytes that crossed is nobody else's business, and by which names it is known. */

/** Some characters of a text, from one to before another. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The one table of names, whatever their case and whatever stands around them. */
const NAMES = {
  /** Fields of a head whose whole value is one. */
  header:
    /^(?:cookie2?|set-cookie2?|(?:proxy-)?authorization|sec-websocket-protocol|x-.*(?:token|ticket|key|auth|session|password|secret).*|.*-(?:token|ticket|secret|password)|api-?key)$/i,
  /** Parameters of a query, or of a form. */
  parameter: /token|ticket|key|auth|session|password|secret/i,
  /** Keys of JSON. */
  key: /token|ticket|password|secret/i,
}

/** Of some fields not all is one: what is shown, and what is not. */
const VALUES: Partial<Record<string, RegExp>> = {
  // The names of cookies; one without a name is all value.
  cookie: /((?:^|;) *(?:[^=;]*=)?)([^;]*)/g,
  // The attributes behind the cookie are no secret.
  'set-cookie': /^((?:[^=;]*=)?)([^;]*)/g,
  authorization: /^((?:\S+ +)?)(.*)/g,
  'proxy-authorization': /^((?:\S+ +)?)(.*)/g,
  'sec-websocket-protocol': /((?:^|,) *)([^,]*)/g,
}

/** Of the head of a request or an answer. */
export function headSecrets(text: string): Range[] {
  return [...fieldSecrets(text), ...parameterSecrets(text), ...userSecrets(text)]
}

/** Of a body or a message: of JSON, of a form, or of several one behind the other. */
export function contentSecrets(text: string): Range[] {
  return [...jsonSecrets(text), ...parameterSecrets(text)]
}

/** The same characters wherever else they stand. A few only would hide what has nothing to do with them. */
export function echoes(text: string, secrets: Iterable<string>): Range[] {
  return Array.from(secrets)
    .filter((secret) => secret.length >= ECHO_LENGTH)
    .flatMap((secret) => placesOf(text, secret))
}

const ECHO_LENGTH = 4

/** A value as it may be written elsewhere: as it is, out of a query, out of JSON, and back into JSON. In Latin-1, as it came. */
export function spellings(value: string): string[] {
  const plain = [value, attempt(value, decoded), attempt(value, unquoted)]
  return plain.flatMap((text) => [text, JSON.stringify(text).slice(1, -1), latin1(encodeURIComponent(utf8(text)))])
}

function fieldSecrets(text: string): Range[] {
  return Array.from(text.matchAll(/^([^\s:]+):[ \t]*(.*)$/gm)).flatMap(
    ({ index, 0: all, 1: name = '', 2: value = '' }) => {
      if (!NAMES.header.test(name)) return []
      const parts = value.matchAll(VALUES[name.toLowerCase()] ?? /^()(.*)/g)
      return Array.from(parts, (part) => rangeOf(index + all.length - value.length + part.index, part[1], part[2]))
    },
  )
}

function parameterSecrets(text: string): Range[] {
  return Array.from(text.matchAll(/([^?&;,\s"'=]+=)([^&\s"'#]*)/g), ({ index, 1: name = '', 2: value }) =>
    NAMES.parameter.test(attempt(name, decoded)) ? [rangeOf(index, name, value)] : [],
  ).flat()
}

/** `http://user:password@host/` */
function userSecrets(text: string): Range[] {
  return Array.from(text.matchAll(/(\/\/)([^/@\s]+)@/g), ({ index, 1: before, 2: user }) =>
    rangeOf(index, before, user),
  )
}

/** Not by a parser: what is cut off in the middle is to be found as well. */
function jsonSecrets(text: string): Range[] {
  return Array.from(text.matchAll(/"\s*:\s*("?)/g)).flatMap(({ index, 0: before, 1: quote }) => {
    if (!NAMES.key.test(attempt(keyBefore(text, index), unquoted))) return []
    const rest = text.slice(index + before.length)
    const value = (quote ? /^(?:[^"\\]|\\.)*\\?/s : /^[^\s,}\]]*/).exec(rest)
    return [rangeOf(index, before, value?.[0])]
  })
}

const KEY_LENGTH = 256

function keyBefore(text: string, end: number): string {
  const before = text.slice(Math.max(0, end - KEY_LENGTH), end)
  return before.slice(before.lastIndexOf('"') + 1)
}

function rangeOf(index: number, before = '', value = ''): Range {
  const from = index + before.length
  return { from, to: from + value.length }
}

function placesOf(text: string, what: string): Range[] {
  const ranges: Range[] = []
  for (let from = text.indexOf(what); from >= 0; from = text.indexOf(what, from + 1))
    ranges.push({ from, to: from + what.length })
  return ranges
}

const decoded = (text: string): string => latin1(decodeURIComponent(text.replaceAll('+', ' ')))

const unquoted = (text: string): string => latin1(JSON.parse(`"${utf8(text)}"`))

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()

/** As it is where it is not written so. */
function attempt(text: string, change: (text: string) => string): string {
  try {
    return change(text)
  } catch {
    return text
  }
}
