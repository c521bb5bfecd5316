/** Hides the secrets in an exchange, even if a secret is split over several chunks or frames. */
import { CONTROL } from '../wire/frame-reader.ts'
import type { RawPart } from '../wire/capture/parts.ts'
import { createMatcher } from './matcher.ts'
import { contentSecrets, headSecrets, spellings } from './secrets.ts'
import type { Work } from './slices.ts'

/** Content of a part: a head, a body, the data of a chunk, or the unmasked payload of a frame. */
export interface Content {
  readonly part: RawPart
  readonly bytes: Buffer
  /** 1 for each byte that must be hidden, and 0 for each other byte. */
  readonly hidden: Uint8Array
}

/** Contents that form one text. A secret can begin in one content and end in another. */
interface Run {
  readonly contents: Content[]
  readonly text: string
  readonly isHead: boolean
}

/**
 * Maximum number of secrets in an exchange, and maximum number of characters of all these secrets. A normal exchange
 * has far fewer. An exchange with more secrets was made to slow down the search, so the server hides all bytes of this
 * exchange.
 */
const SECRETS = 1000
const SECRET_CHARACTERS = 64 * 1024

/**
 * Maximum number of times that the search may find a character, on average, as part of a secret: in a field, in a
 * parameter, in JSON, and once more for nested secrets.
 */
const TIMES_FOUND = 4

/**
 * Minimum length of a secret that is hidden wherever it occurs in the exchange. If a shorter secret were hidden
 * everywhere, unrelated text would be hidden too.
 */
const ECHO_LENGTH = 4

export function* hideSecrets(contents: readonly Content[]): Work<void> {
  const runs = [
    ...heads(contents),
    ...[true, false].flatMap((up) => bodies(contents, up)),
    ...[true, false].flatMap((up) => messages(contents, up)),
  ]
  const secrets = yield* secretsOf(runs)
  if (!secrets) {
    for (const { hidden } of contents) hidden.fill(1)
    return
  }
  // The value of a secret can also occur elsewhere. For example, an error message quotes a value that the client has
  // sent.
  const echoes = yield* createMatcher(secrets)
  for (const run of runs) hide(run, yield* echoes.marks(run.text))
}

/**
 * Hides each value that follows the name of a secret. Returns the secrets in all their spellings, or null if there are
 * too many secrets.
 */
function* secretsOf(runs: readonly Run[]): Work<Set<string> | null> {
  const values = new Set<string>()
  const secrets = new Set<string>()
  let secretCharacters = 0
  let charactersLeft = TIMES_FOUND * runs.reduce((sum, { text }) => sum + text.length, 0)
  for (const run of runs) {
    const marks = new Uint8Array(run.text.length)
    for (const range of run.isHead ? headSecrets(run.text) : contentSecrets(run.text)) {
      yield
      if (!range) continue
      charactersLeft -= range.to - range.from
      if (charactersLeft < 0) return null
      marks.fill(1, range.from, range.to)
      const value = run.text.slice(range.from, range.to)
      if (values.has(value)) continue
      values.add(value)
      for (const secret of spellings(value)) {
        if (secret.length < ECHO_LENGTH || secrets.has(secret)) continue
        secrets.add(secret)
        secretCharacters += secret.length
      }
      if (secrets.size > SECRETS || secretCharacters > SECRET_CHARACTERS) return null
    }
    hide(run, marks)
  }
  return secrets
}

function hide({ contents }: Run, marks: Uint8Array): void {
  let at = 0
  for (const { hidden } of contents) {
    for (let i = 0; i < hidden.length; i++, at++) if (marks[at]) hidden[i] = 1
  }
}

function heads(contents: readonly Content[]): Run[] {
  return contents.filter(({ part }) => part.is === 'head').map((content) => runOf([content], true))
}

/**
 * Groups the bodies and chunks of one direction into texts. After dropped bytes a text can begin in the middle of a
 * secret, so the first line of this text is hidden.
 */
function bodies(contents: readonly Content[], up: boolean): Run[] {
  const runs: Content[][] = [[]]
  let isInside = false
  for (const content of contents) {
    const { part, bytes, hidden } = content
    if (part.up !== up) continue
    if (part.is === 'head') isInside = false
    if (part.is === 'dropped') {
      runs.push([])
      isInside = !part.endsLine
    }
    if (part.is !== 'body' && part.is !== 'chunk') continue
    if (isInside) {
      const end = bytes.indexOf('\n')
      hidden.fill(1, 0, end < 0 ? bytes.length : end)
      isInside = end < 0
    }
    runs.at(-1)?.push(content)
    if (part.bytes.length === part.length || part.isRebuilt) continue
    runs.push([])
    isInside = true
  }
  return runs.map((run) => runOf(run))
}

/** Groups the frames of one direction into messages. A message whose beginning was dropped is hidden completely. */
function messages(contents: readonly Content[], up: boolean): Run[] {
  const runs: Content[][] = []
  /** Frames of the current message. Control frames can come between these frames. */
  let message: Content[] = []
  let isInside = false
  for (const content of contents) {
    const { part, hidden } = content
    if (part.up !== up || (part.is !== 'frame' && part.is !== 'dropped')) continue
    const opcode = (part.bytes[0] ?? 0) & 0x0f
    if (part.is === 'dropped') isInside = true
    else if (opcode >= CONTROL) runs.push([content])
    else {
      if (opcode !== CONTINUATION) {
        isInside = false
        message = []
        runs.push(message)
      }
      if (isInside) hidden.fill(1)
      message.push(content)
      isInside ||= part.bytes.length < part.length
    }
  }
  return runs.map((run) => runOf(run))
}

const CONTINUATION = 0

function runOf(contents: Content[], isHead = false): Run {
  return { contents, text: contents.map(({ bytes }) => bytes.toString('latin1')).join(''), isHead }
}
