/**
 * Divides an exchange into sections, in the order in which the sections crossed the wire. The bytes of all sections add
 * up to the bytes of the exchange.
 */
import type { ServerTimeMs } from '../../server/protocol/feed.ts'
import type { Inspected, Part } from '../../server/protocol/wire.ts'
import { seqOf } from '../measure/ledger.ts'
import { transports } from '../transports/index.ts'
import type { Description } from '../transports/transport.ts'
import { bodyLines, chunkLines } from './body.ts'
import { textOf } from './bytes.ts'
import { OPCODES, frameRows } from './frame.ts'
import { handshakeLines } from './handshake.ts'
import { fieldOf, headLines, statusOf, usualBytes } from './heads.ts'
import { count, line } from './line.ts'
import type { InspectorLine } from './line.ts'
import type { ScannedEvent } from './scan.ts'
import type { VisibleExchange, SeenPart } from './see.ts'

export interface Section {
  /** Key of the section. The section keeps this key when the page fetches the exchange again. */
  readonly key: string
  readonly title: string
  /** True if the bytes went up to the server, false if they came down; null if no byte crossed the wire. */
  readonly up: boolean | null
  readonly at: ServerTimeMs
  readonly bytes: number
  /** Explains the section: what its bytes consist of, or what the section shows. */
  readonly made: string
  /** True for a section of a stream that has many such sections. The section stays folded until a person opens it. */
  readonly isOfMany: boolean
  /**
   * Computes the section's lines. The page calls this only for an open section, because a stream has thousands of
   * sections.
   */
  lines(): readonly InspectorLine[]
}

export function sectionsOf(inspected: Inspected, { parts }: VisibleExchange): readonly Section[] {
  const sections: Section[] = []
  const keyOf = keys()
  /** Pieces so far of a request or response that may have more pieces. */
  let pieces: SeenPart[] = []

  const finish = (): void => {
    const [first] = pieces
    if (first) sections.push(message(pieces, keyOf(first.part)))
    pieces = []
  }

  for (const seen of parts) {
    const { part } = seen
    const isPiece = part.is === 'body' || (part.is === 'chunk' && kindOf(inspected) !== 'stream')
    if (isPiece && pieces.at(-1)?.part.up === part.up) pieces.push(seen)
    else {
      finish()
      if (part.is === 'head' || isPiece) pieces = [seen]
      else sections.push(ofMany(seen, keyOf(part)))
    }
    if (part.is === 'head' && !part.up && inspected.handshake) {
      finish()
      sections.push(handshake(inspected, part.at, part.text))
    }
  }
  finish()
  return sections
}

/** Reports whether the exchange is complete. */
export function isOver({ parts }: Inspected): boolean {
  if (parts.some(({ is }) => is === 'end')) return true
  const down = parts.filter(({ up }) => !up)
  const head = down.find((part) => part.is === 'head')
  if (head?.is !== 'head' || statusOf(head.text) === 101) return false
  const length = fieldOf(head.text, 'content-length')
  const chunked = fieldOf(head.text, 'transfer-encoding') !== undefined
  if (chunked) return down.some((part) => part.is === 'chunk' && Number.parseInt(part.size, 16) === 0)
  return length === undefined || bodyBytes(down) >= Number(length)
}

/** Returns the first sentences about an exchange: its result, and its bytes. */
export function sentenceOf(
  inspected: Inspected,
  { parts, bytesUp, bytesDown }: VisibleExchange,
): readonly [string, string] {
  const sum = `${count(bytesUp, 'byte')} up, ${count(bytesDown, 'byte')} down`
  return [`${whatOf(inspected, parts)}.`, sum]
}

function whatOf(inspected: Inspected, parts: readonly SeenPart[]): string {
  const events = parts.reduce((sum, { events }) => sum + events.length, 0)
  const frames = parts.filter(({ part }) => part.is === 'frame')
  const heads = parts.flatMap(({ part }) => (part.is === 'head' ? [part] : []))
  const status = statusOf(heads.find(({ up }) => !up)?.text ?? '')
  if (heads.some(({ up, text }) => up && text.startsWith('POST ')))
    return status >= 400
      ? `The message was not published: ${status}`
      : status > 0
        ? 'The message was published'
        : 'A message is being published; there is no response yet'
  if (Number.isNaN(status)) return 'There is no response yet'
  if (status >= 400) return `The server refused the request: ${status}`
  const kind = kindOf(inspected)
  if (kind === 'socket') {
    const up = frames.filter(({ part }) => part.up).length
    return `${count(frames.length - up, 'frame')} down and ${up} up, ${count(events, 'message')} so far`
  }
  if (kind === 'stream') return `A response that does not end, ${count(events, 'message')} so far`
  return events === 0 ? 'A response without a message' : `A response with ${count(events, 'message')}`
}

/** Returns the kind of the exchange. A request that only publishes has no transport, and ends as a poll does. */
function kindOf({ transport }: Inspected): Description['kind'] {
  return transport === null ? 'poll' : transports[transport].kind
}

/**
 * Counts all body bytes that crossed the wire, even those that the server has dropped, because Content-Length counts
 * them too.
 */
function bodyBytes(down: readonly Part[]): number {
  return down.reduce((sum, part) => {
    if (part.is === 'dropped') return sum + part.bytes
    return part.is === 'body' ? sum + new TextEncoder().encode(part.text).length : sum
  }, 0)
}

/**
 * Makes a section's key from its time and direction. An index would change when the server drops parts in the middle of
 * the exchange, and then open sections would close.
 */
function keys(): (part: Part) => string {
  const times = new Map<string, number>()
  return ({ at, up }) => {
    const key = `${at}${up ? 'u' : 'd'}`
    const nth = (times.get(key) ?? 0) + 1
    times.set(key, nth)
    return `${key}${nth}`
  }
}

function message(pieces: readonly SeenPart[], key: string): Section {
  const [first] = pieces
  const up = first?.part.up ?? false
  const head = sum(pieces, ({ part, bytes }) => (part.is === 'head' ? bytes : 0))
  const bytes = sum(pieces, (piece) => piece.bytes)
  const payload = sum(pieces, ({ events }) => payloadOf(events))
  return {
    key,
    title: up ? 'Request' : 'Response',
    up,
    at: first?.part.at ?? 0,
    bytes,
    made: `${count(bytes, 'byte')}${parted(bytes, head, payload, up)}${usual(first?.part)}`,
    isOfMany: false,
    lines: () => pieces.flatMap(linesOf),
  }
}

function parted(bytes: number, head: number, payload: number, up: boolean): string {
  if (head === bytes) return ', only a head'
  // The server hides some values before it sends the exchange to this page, so the shown text can be longer than the
  // bytes.
  const rest = Math.max(0, bytes - head - payload)
  if (up) return `: head ${head}, body ${rest}`
  return payload > 0 ? `: head ${head}, framing ${rest}, payload ${payload}` : `: head ${head}, body ${rest}`
}

/** Says how many bytes are the same in every request. Most bytes of a poll are. */
function usual(part: Part | undefined): string {
  return part?.is === 'head' && part.up ? `; ${usualBytes(part.text)} bytes are the same in every request` : ''
}

function linesOf(seen: SeenPart): readonly InspectorLine[] {
  switch (seen.part.is) {
    case 'head':
      return headLines(seen.part.text)
    case 'body':
      return bodyLines(seen)
    case 'chunk':
      return chunkLines(seen)
    case 'frame':
      return frameRows(seen)
    case 'dropped':
    case 'end':
      return []
  }
}

function ofMany(seen: SeenPart, key: string): Section {
  const { part, bytes, events } = seen
  const payload = payloadOf(events)
  const made = part.is === 'end' ? '' : count(bytes, 'byte')
  return {
    key,
    title: titleOf(seen),
    up: part.is === 'end' ? null : part.up,
    at: part.at,
    bytes,
    made: payload > 0 ? `${made}: framing ${Math.max(0, bytes - payload)}, payload ${payload}` : made,
    isOfMany: part.is === 'chunk' || part.is === 'frame',
    lines: () => linesOf(seen),
  }
}

function titleOf({ part, carried, events }: SeenPart): string {
  if (part.is === 'end') return 'The connection ended here'
  if (part.is === 'dropped') return '… bytes that the server no longer keeps'
  const [first] = events
  const last = events.at(-1)
  if (first && last)
    return first === last ? `Event ${seqOf(first.id)}` : `Events ${seqOf(first.id)} to ${seqOf(last.id)}`
  if (part.is === 'frame') return frameTitle(part.opcode, textOf(carried))
  const text = textOf(carried)
  if (text === '') return 'The last chunk'
  if (text.startsWith(':')) return 'Heartbeat'
  if (text.startsWith('{"type":')) return typeTitle(text) ?? 'Chunk'
  return text.startsWith('retry:') ? 'Start of the stream' : text.includes('event: gap') ? 'Gap' : 'Chunk'
}

function frameTitle(opcode: number, text: string): string {
  return (opcode === 1 ? typeTitle(text) : null) ?? capitalised(OPCODES[opcode] ?? 'reserved')
}

/** Returns the type of a JSON message as a title; null if the message has no type. */
function typeTitle(text: string): string | null {
  const [, type] = /"type":"(\w+)"/.exec(text) ?? []
  return type === undefined ? null : capitalised(type.replaceAll('_', ' '))
}

function capitalised(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

function handshake({ handshake }: Inspected, at: ServerTimeMs, answer: string): Section {
  return {
    key: 'handshake',
    title: 'Handshake',
    up: null,
    at,
    bytes: 0,
    made: 'how the server computes its response from the key (RFC 6455, 4.2.2)',
    isOfMany: false,
    lines: () => (handshake ? handshakeLines(handshake, fieldOf(answer, 'sec-websocket-accept')) : [line('–')]),
  }
}

function payloadOf(events: readonly ScannedEvent[]): number {
  return events.reduce((sum, { from, to, in: piece }) => (piece ? sum + to - from : sum), 0)
}

function sum(pieces: readonly SeenPart[], of: (piece: SeenPart) => number): number {
  return pieces.reduce((total, piece) => total + of(piece), 0)
}
