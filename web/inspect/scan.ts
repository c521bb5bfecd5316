/**
 * Reads a stream's JSON byte by byte, however the JSON is divided into pieces. The scanner masks text that other people
 * wrote, and finds the position of each event. The scanner masks all text until it knows that this page wrote the text,
 * so an incomplete piece reveals nothing.
 */
import type { Cursor } from '../../server/protocol/feed.ts'
import { hide } from './bytes.ts'
import type { ShownBytes } from './bytes.ts'

export interface Scanner {
  scan(piece: ShownBytes): void
  /** Tells the scanner that bytes are missing here. The scanner masks everything from here until `restart`. */
  lose(): void
  restart(): void
  readonly lost: boolean
  /** Events, in the order in which their last bytes came. An event that extends over several pieces has no position. */
  readonly events: readonly ScannedEvent[]
}

export interface ScannedEvent {
  readonly id: Cursor
  readonly atMs: number | null
  readonly type: string
  readonly own: boolean
  /**
   * Piece that contains the whole event; null if no single piece contains it. `from` is the event's first byte, and
   * `to` is the byte after its last byte.
   */
  readonly in: ShownBytes | null
  readonly from: number
  readonly to: number
}

/**
 * Names of the fields whose values come from the server. The scanner does not mask the values of the server's fields.
 */
const SERVERS = ['id', 'room', 'type', 'cursor', 'key', 'code', 'title', 'detail', 'message', 'remedy']
/** Greatest number of characters of a value that the scanner keeps. Every value that the scanner needs is shorter. */
const LONGEST_WORD = 256

interface Nested {
  readonly isObject: boolean
  readonly piece: ShownBytes
  readonly from: number
  /** Text in this object that the scanner has masked. */
  readonly written: Written[]
  readonly values: Map<string, string>
  name: string
  /** True if the next string in this object is a name, false if it is a value. */
  isAtName: boolean
}

interface Written {
  readonly piece: ShownBytes
  readonly from: number
  to: number
}

export function createScanner(isOwn: (id: Cursor) => boolean): Scanner {
  const events: ScannedEvent[] = []
  let nested: Nested[] = []
  let lost = false
  let inString = false
  let isEscaped = false
  let isHiding = false
  /** The string or number that the scanner is reading. */
  let word = ''

  const top = (): Nested | undefined => nested.at(-1)
  /** Returns the innermost object that contains the current byte. Arrays do not count. */
  const holder = (): Nested | undefined => nested.findLast(({ isObject }) => isObject)
  /**
   * Reports whether the current object is the value in another object, as the task of an event is. A person wrote
   * everything in the inner object.
   */
  const isPart = (): boolean => nested.at(-1)?.isObject === true && nested.at(-2)?.isObject === true
  const read = (byte: number): void => {
    if (word.length < LONGEST_WORD) word += String.fromCharCode(byte)
  }

  const inside = (piece: ShownBytes, at: number, byte: number): void => {
    if (isEscaped) isEscaped = false
    else if (byte === BACKSLASH) isEscaped = true
    else if (byte === QUOTE) return endString()
    read(byte)
    if (!isHiding) return
    hide(piece, at, at + 1, true)
    const written = holder()?.written
    const last = written?.at(-1)
    if (last?.piece === piece && last.to === at) last.to++
    else written?.push({ piece, from: at, to: at + 1 })
  }

  const beginString = (): void => {
    inString = true
    word = ''
    isHiding = !isName(top()) && (isPart() || !SERVERS.includes(holder()?.name ?? ''))
  }

  const endString = (): void => {
    inString = false
    const around = top()
    if (!isName(around)) return endValue()
    around.name = word
    word = ''
  }

  const endValue = (): void => {
    const around = top()
    if (word !== '' && around?.isObject && !around.isAtName) around.values.set(around.name, word)
    word = ''
  }

  const begin = (isObject: boolean, piece: ShownBytes, from: number): void => {
    word = ''
    nested.push({ isObject, piece, from, written: [], values: new Map(), name: '', isAtName: isObject })
  }

  const end = (piece: ShownBytes, at: number): void => {
    endValue()
    const isOfAnother = isPart()
    const ended = nested.pop()
    if (ended && isOfAnother) top()?.written.push(...ended.written)
    else if (ended) settle(ended, piece, at + 1)
  }

  const settle = ({ values, written, piece, from }: Nested, last: ShownBytes, to: number): void => {
    const id = values.get('id')
    if (id === undefined) return
    const own = isOwn(id)
    if (own) for (const { piece, from, to } of written) hide(piece, from, to, false)
    const at = values.get('at')
    events.push({
      id,
      atMs: at === undefined ? null : Number(at),
      type: values.get('type') ?? '',
      own,
      in: piece === last ? piece : null,
      from,
      to,
    })
  }

  const outside = (piece: ShownBytes, at: number, byte: number): void => {
    const around = top()
    if (byte === QUOTE) beginString()
    else if (byte === CURLY || byte === SQUARE) begin(byte === CURLY, piece, at)
    else if (byte === CURLY_END || byte === SQUARE_END) end(piece, at)
    else if (byte === COLON && around) around.isAtName = false
    else if (byte === COMMA && around) {
      endValue()
      around.isAtName = around.isObject
    } else if (around && byte > SPACE) read(byte)
  }

  return {
    events,
    get lost() {
      return lost
    },
    lose() {
      lost = true
    },
    restart() {
      nested = []
      lost = inString = isEscaped = false
      word = ''
    },
    scan(piece) {
      if (lost) hide(piece, 0, piece.bytes.length, true)
      else
        for (const [at, byte] of piece.bytes.entries()) {
          if (inString) inside(piece, at, byte)
          else outside(piece, at, byte)
        }
    },
  }
}

function isName(around: Nested | undefined): around is Nested {
  return around !== undefined && around.isObject && around.isAtName
}

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const SQUARE = 0x5b
const BACKSLASH = 0x5c
const SQUARE_END = 0x5d
const CURLY = 0x7b
const CURLY_END = 0x7d
