/** Hides the secrets in an exchange, however its bytes are spread over chunks and frames. */
import { CONTROL } from '../wire/frame-reader.ts'
import type { RawPart } from '../wire/parts.ts'
import { contentSecrets, echoes, headSecrets, spellings } from './secrets.ts'
import type { Range } from './secrets.ts'

/** What a part carries: a head, a body, a chunk's data, a frame's payload without its mask. */
export interface Content {
  readonly part: RawPart
  readonly bytes: Buffer
  /** 1 for each byte that nobody may see. */
  readonly hidden: Uint8Array
}

/** Contents that are one text: what is looked for may begin in one of them and end in another. */
interface Run {
  readonly contents: Content[]
  readonly text: string
  readonly isHead: boolean
}

/** Far more than an exchange has. One that has more is made for something else, and nothing of it is shown. */
const SECRETS = 1000

export function hideSecrets(contents: readonly Content[]): void {
  const ways = [true, false]
  const runs = [
    ...heads(contents),
    ...ways.flatMap((up) => bodies(contents, up)),
    ...ways.flatMap((up) => messages(contents, up)),
  ]
  const secrets = new Set<string>()
  for (const run of runs) {
    const found = run.isHead ? headSecrets(run.text) : contentSecrets(run.text)
    hide(run, found)
    for (const { from, to } of found) for (const secret of spellings(run.text.slice(from, to))) secrets.add(secret)
  }
  // An error quotes what it was given.
  for (const run of runs)
    hide(run, secrets.size > SECRETS ? [{ from: 0, to: run.text.length }] : echoes(run.text, secrets))
}

function hide({ contents }: Run, ranges: readonly Range[]): void {
  let at = 0
  for (const { bytes, hidden } of contents) {
    for (const { from, to } of ranges) hidden.fill(1, Math.max(0, from - at), Math.max(0, to - at))
    at += bytes.length
  }
}

function heads(contents: readonly Content[]): Run[] {
  return contents.filter(({ part }) => part.is === 'head').map((content) => runOf([content], true))
}

/** Bodies and chunks of one direction. Behind a gap the text begins in the middle, of a secret perhaps: it is hidden to the end of its line. */
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

/** The frames of each message, one way. One whose beginning is lost is hidden as a whole. */
function messages(contents: readonly Content[], up: boolean): Run[] {
  const runs: Content[][] = []
  /** Control frames stand between those of a message. */
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
