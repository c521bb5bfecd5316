/** An exchange as this page may see it: the server has masked every credential, and here follows what other people wrote. */
import type { Cursor, FramePart, Inspected, Part } from '../../server/protocol.ts'
import { BULLET, OTHERS, UNKNOWN, shownHex, shownText, unmasked } from './bytes.ts'
import type { Shown } from './bytes.ts'
import { createScanner } from './scan.ts'
import type { ScannedEvent, Scanner } from './scan.ts'

export interface SeenPart {
  readonly part: Part
  /** What it carries, without its mask: a body, a chunk's data, a frame's payload. */
  readonly carried: Shown
  /** The same as it crossed. */
  readonly crossed: Shown
  /** Those that end in it. */
  readonly events: readonly ScannedEvent[]
  /** On the wire, with all that belongs to it. */
  readonly bytes: number
}

export interface Seen {
  readonly parts: readonly SeenPart[]
  readonly bytesUp: number
  readonly bytesDown: number
  readonly isMasked: boolean
  readonly hasCredentials: boolean
}

export function see({ parts }: Inspected, isOwn: (id: Cursor) => boolean): Seen {
  const http = createScanner(isOwn)
  const frames = createScanner(isOwn)
  const seen = parts.map((part): SeenPart => {
    const crossed = crossedIn(part)
    const carried = part.is === 'frame' && part.mask !== null ? unmasked(crossed, shownHex(part.mask).bytes) : crossed
    // What goes up this page has sent itself.
    const events = part.up ? [] : scanPart(part, carried, part.is === 'frame' ? frames : http)
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

/** Not all that crossed here is kept: nobody knows inside of what the rest begins. */
function hasHole(part: Part, { bytes }: Shown): boolean {
  if (part.is === 'chunk') return bytes.length < Number.parseInt(part.size, 16)
  return part.is === 'dropped' || (part.is === 'frame' && bytes.length < part.length)
}

function crossedIn(part: Part): Shown {
  if (part.is === 'frame') return shownHex(part.payload)
  return shownText(part.is === 'body' || part.is === 'chunk' ? part.text : '')
}

/** What is masked is masked for good only when all pieces are read: an object is the page's own by what stands in it. */
function scanPart(part: Part, carried: Shown, scanner: Scanner): readonly ScannedEvent[] {
  const before = scanner.events.length
  if (part.is === 'head') scanner.restart()
  else if (part.is === 'frame') scanFrame(part, carried, scanner)
  else if (part.is === 'body' || part.is === 'chunk') {
    // A line of a field begins an event anew: inside of JSON stands no line break.
    if (part.is === 'chunk' && scanner.lost && /^(?:id|event|retry)?:[^\n"]*\n/.test(part.text)) scanner.restart()
    scanner.scan(carried)
  }
  return scanner.events.slice(before)
}

function scanFrame({ opcode, rsv }: FramePart, carried: Shown, scanner: Scanner): void {
  // Control frames stand between the pieces of a message, and carry nothing that somebody wrote.
  if (opcode >= 8) return
  if (opcode > 0) scanner.restart()
  const isJson = carried.bytes[0] === CURLY
  if (rsv > 0 || opcode === BINARY || (opcode > 0 && !isJson)) scanner.lose()
  scanner.scan(carried)
}

const BINARY = 2
const CURLY = 0x7b
const LINE_BREAK = 2

function bytesOf(part: Part, { bytes }: Shown): number {
  switch (part.is) {
    // A head's text is Latin-1: a byte for each character.
    case 'head':
      return part.bytes ?? part.text.length
    case 'body':
      return part.bytes ?? bytes.length
    // Of one that was too long only the beginning is kept, and what is dropped stands behind it.
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
