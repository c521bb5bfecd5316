/**
 * Shows an exchange as far as this page may see it. The server has masked every credential. This file masks the text of
 * other people.
 */
import type { Cursor } from '../../server/protocol/feed.ts'
import type { FramePart, Inspected, Part } from '../../server/protocol/wire.ts'
import { BULLET, OTHERS, UNKNOWN, shownHex, shownText, unmasked } from './bytes.ts'
import type { ShownBytes } from './bytes.ts'
import { createScanner } from './scan.ts'
import type { ScannedEvent, Scanner } from './scan.ts'

export interface SeenPart {
  readonly part: Part
  /** The part's content without its WebSocket mask: a body, a chunk's data, or a frame's payload. */
  readonly carried: ShownBytes
  /** The part's content as it crossed the wire; in a frame from the browser, still with its WebSocket mask. */
  readonly crossed: ShownBytes
  /** Events whose last byte is in this part. */
  readonly events: readonly ScannedEvent[]
  /** Number of bytes on the wire, including the framing. */
  readonly bytes: number
}

export interface VisibleExchange {
  readonly parts: readonly SeenPart[]
  readonly bytesUp: number
  readonly bytesDown: number
  readonly isMasked: boolean
  readonly hasCredentials: boolean
}

export function see({ parts }: Inspected, isOwn: (id: Cursor) => boolean): VisibleExchange {
  const http = createScanner(isOwn)
  const frames = createScanner(isOwn)
  const seen = parts.map((part, i): SeenPart => {
    const crossed = crossedIn(part)
    const carried = part.is === 'frame' && part.mask !== null ? unmasked(crossed, shownHex(part.mask).bytes) : crossed
    // This page wrote everything that goes up to the server, so the scanner need not read it.
    const events = part.up ? [] : scanPart(part, parts[i - 1], carried, part.is === 'frame' ? frames : http)
    if (!part.up && hasHole(part, crossed)) for (const scanner of [http, frames]) scanner.lose()
    return { part, carried, crossed, events, bytes: bytesOf(part, crossed) }
  })
  const sum = (up: boolean): number => seen.reduce((sum, { part, bytes }) => (part.up === up ? sum + bytes : sum), 0)
  return {
    parts: seen,
    bytesUp: sum(true),
    bytesDown: sum(false),
    isMasked: seen.some(({ carried }) => carried.hidden.includes(OTHERS)),
    hasCredentials: seen.some(
      ({ part, crossed }) => (part.is === 'head' && part.text.includes(BULLET)) || crossed.hidden.includes(UNKNOWN),
    ),
  }
}

/**
 * Reports whether the server dropped bytes of this part. If so, the scanner no longer knows where the next bytes stand
 * in the JSON.
 */
function hasHole(part: Part, { bytes }: ShownBytes): boolean {
  if (part.is === 'chunk') return bytes.length < Number.parseInt(part.size, 16)
  return part.is === 'dropped' || (part.is === 'frame' && bytes.length < part.length)
}

function crossedIn(part: Part): ShownBytes {
  if (part.is === 'frame') return shownHex(part.payload)
  return shownText(part.is === 'body' || part.is === 'chunk' ? part.text : '')
}

/**
 * Finds the events in a part. An object's id shows who wrote the object, and the id can come late. So the masks are
 * final only after the last part.
 */
function scanPart(
  part: Part,
  before: Part | undefined,
  carried: ShownBytes,
  scanner: Scanner,
): readonly ScannedEvent[] {
  const known = scanner.events.length
  if (part.is === 'head') scanner.restart()
  else if (part.is === 'frame') scanFrame(part, carried, scanner)
  else if (part.is === 'body' || part.is === 'chunk') {
    if (part.is === 'chunk' && scanner.lost && beginsEvent(part.text, before)) scanner.restart()
    scanner.scan(carried)
  }
  return scanner.events.slice(known)
}

/**
 * Reports whether a chunk begins an event. An event begins with a field line, or with an object after a complete line.
 */
function beginsEvent(text: string, before: Part | undefined): boolean {
  if (/^(?:id|event|retry)?:[^\n"]*\n/.test(text)) return true
  return before?.is === 'chunk' && before.text.endsWith('\n') && /^\{"(?:id|type)":/.test(text)
}

function scanFrame({ opcode, rsv }: FramePart, carried: ShownBytes, scanner: Scanner): void {
  // Control frames can stand between the frames of one message, and contain no text that a person wrote.
  if (opcode >= 8) return
  if (opcode > 0) scanner.restart()
  const isJson = carried.bytes[0] === CURLY
  if (rsv > 0 || opcode === BINARY || (opcode > 0 && !isJson)) scanner.lose()
  scanner.scan(carried)
}

const BINARY = 2
const CURLY = 0x7b
const LINE_BREAK = 2

function bytesOf(part: Part, { bytes }: ShownBytes): number {
  switch (part.is) {
    // A head's text is Latin-1, so each character is one byte.
    case 'head':
      return part.bytes ?? part.text.length
    case 'body':
      return part.bytes ?? bytes.length
    // The server keeps only the beginning of a long chunk. A separate part stands for the dropped bytes.
    case 'chunk': {
      const length = Number.parseInt(part.size, 16)
      return part.size.trimEnd().length + LINE_BREAK + (bytes.length < length ? bytes.length : length + LINE_BREAK)
    }
    case 'frame':
      return part.head.length / 2 + bytes.length
    case 'dropped':
      return part.bytes
    case 'end':
      return 0
  }
}
