/**
 * Splits a recorded exchange into parts, so that a page can show the bytes of the exchange. Hides the secrets in the
 * parts.
 */
import { createHash } from 'node:crypto'
import type { FramePart, Handshake, Inspected, Part } from '../protocol/wire.ts'
import { createFrameReader, isMasked, payloadLength } from '../wire/frame-reader.ts'
import type { RawPart } from '../wire/capture/parts.ts'
import type { Recording } from '../wire/capture/recording.ts'
import { hideSecrets } from './hide.ts'
import type { Content } from './hide.ts'
import type { Work } from './slices.ts'

type Source = Pick<Recording, 'exchange' | 'lane' | 'transport' | 'connection' | 'requestOfConnection'> & {
  readonly parts: Pick<Recording['parts'], 'list'>
}

export function* inspect({
  exchange,
  lane,
  transport,
  connection,
  requestOfConnection,
  parts,
}: Source): Work<Inspected> {
  const contents = yield* each(parts.list(), (part) => [contentOf(part)])
  const handshake = handshakeOf(contents)
  yield* hideSecrets(contents)
  return {
    exchange,
    lane,
    transport,
    connection,
    requestOfConnection,
    parts: yield* each(contents, shown),
    ...(handshake && { handshake }),
  }
}

/**
 * Converts an inspected exchange to JSON, with a pause after each part. Without the pauses, a long exchange would
 * block the server for tens of milliseconds.
 */
export function* inspectedJson({ parts, ...about }: Inspected): Work<string> {
  const texts = yield* each(parts, (part) => [JSON.stringify(part)])
  return `{${JSON.stringify(about).slice(1, -1)},"parts":[${texts.join(',')}]}`
}

/** Calls `change` for each item and joins the results. Pauses after each item. */
function* each<T, U>(items: readonly T[], change: (item: T) => readonly U[]): Work<U[]> {
  const changed: U[] = []
  for (const item of items) {
    changed.push(...change(item))
    yield
  }
  return changed
}

function contentOf(part: RawPart): Content {
  const bytes = part.is === 'frame' ? plainOf(part.bytes) : part.is === 'chunk' ? dataOf(part) : part.bytes
  return { part, bytes, hidden: new Uint8Array(bytes.length) }
}

function plainOf(frame: Buffer): Buffer {
  return Buffer.concat(
    createFrameReader()
      .read(frame, 0)
      .map(({ plain }) => plain),
  )
}

function dataOf({ bytes, headLength }: RawPart): Buffer {
  return bytes.subarray(headLength, headLength + (Number.parseInt(sizeOf({ bytes, headLength }), 16) || 0))
}

const sizeOf = ({ bytes, headLength }: Pick<RawPart, 'bytes' | 'headLength'>): string =>
  bytes.toString('latin1', 0, headLength).trimEnd()

/** Constant of the WebSocket handshake (RFC 6455, section 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

function handshakeOf(contents: readonly Content[]): Handshake | undefined {
  const head = (up: boolean) =>
    contents.findLast(({ part }) => part.is === 'head' && part.up === up)?.bytes.toString('latin1')
  const [, key] = /^sec-websocket-key:[ \t]*(\S+)/im.exec(head(true) ?? '') ?? []
  if (key === undefined || !head(false)?.startsWith('HTTP/1.1 101 ')) return undefined
  const sha1 = createHash('sha1')
    .update(key + GUID)
    .digest()
  return { key, guid: GUID, sha1: sha1.toString('hex'), accept: sha1.toString('base64') }
}

function shown(content: Content): Part[] {
  const { is, up, atMs: at, bytes, length, isRebuilt } = content.part
  if (is === 'dropped') return [{ is, up, at, bytes: length }]
  if (is === 'end') return [{ is, up: false, at }]
  const part = is === 'frame' ? frameOf(content) : textOf(is, content)
  const missing = length - bytes.length
  if (isRebuilt) return [missing === 0 ? part : ({ ...part, bytes: length } as Part)]
  return missing === 0 ? [part] : [part, { is: 'dropped', up, at, bytes: missing }]
}

function textOf(is: 'head' | 'body' | 'chunk', content: Content): Part {
  const { up, atMs: at } = content.part
  const text = shownText(content, is === 'head' ? 'latin1' : 'utf8')
  return is === 'chunk' ? { is, up: false, at, size: sizeOf(content.part), text } : { is, up, at, text }
}

function frameOf(content: Content): FramePart {
  const { up, atMs: at, bytes, headLength } = content.part
  const head = bytes.subarray(0, headLength)
  const [first = 0] = head
  return {
    is: 'frame',
    up,
    at,
    head: head.toString('hex'),
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 0x0f,
    mask: isMasked(head) ? head.toString('hex', headLength - 4) : null,
    length: lengthOf(head),
    payload: shownHex(bytes.subarray(headLength), content.hidden),
    text: shownText(content, 'utf8'),
  }
}

function lengthOf(head: Buffer): number {
  try {
    return payloadLength(head)
  } catch {
    // Not all bytes of the frame's head have arrived.
    return 0
  }
}

const BULLET = '\u2022'

/** Decodes a content, with one bullet for each hidden character. */
function shownText({ bytes, hidden }: Content, encoding: 'latin1' | 'utf8'): string {
  return inTurns(bytes, hidden, (piece, isHidden) =>
    isHidden ? BULLET.repeat(encoding === 'latin1' ? piece.length : characters(piece)) : piece.toString(encoding),
  )
}

/** Writes bytes in hexadecimal, with two bullets for each hidden byte. */
function shownHex(bytes: Buffer, hidden: Uint8Array): string {
  return inTurns(bytes, hidden, (piece, isHidden) =>
    isHidden ? BULLET.repeat(2 * piece.length) : piece.toString('hex'),
  )
}

/** Splits bytes into hidden and visible runs, calls `show` for each run, and joins the results. */
function inTurns(bytes: Buffer, hidden: Uint8Array, show: (piece: Buffer, isHidden: boolean) => string): string {
  let text = ''
  for (let from = 0; from < bytes.length;) {
    const isHidden = hidden[from] === 1
    const next = hidden.indexOf(isHidden ? 0 : 1, from)
    const to = next < 0 ? bytes.length : Math.min(next, bytes.length)
    text += show(bytes.subarray(from, to), isHidden)
    from = to
  }
  return text
}

/** Counts the characters of UTF-8 text: all bytes except continuation bytes. */
const characters = (bytes: Buffer): number =>
  bytes.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0)
