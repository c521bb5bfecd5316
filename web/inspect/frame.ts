/** Explains a WebSocket frame, field by field (RFC 6455, section 5.2). */
import type { FramePart } from '../../server/protocol/wire.ts'
import { hex, hexOf, shownHex, textOf } from './bytes.ts'
import { eventMeaning } from './body.ts'
import { count, row } from './line.ts'
import type { InspectorLine } from './line.ts'
import type { SeenPart } from './see.ts'

export const OPCODES: Readonly<Record<number, string>> = {
  0: 'continuation',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
}

/** Greatest number of payload bytes that the page shows. A copied text contains all payload bytes. */
const SHOWN_BYTES = 64

export function frameRows(seen: SeenPart): readonly InspectorLine[] {
  const { part } = seen
  if (part.is !== 'frame') return []
  const head = shownHex(part.head).bytes
  const [first = 0, second = 0] = head
  const bits = (byte: number, from: number, length: number): string => {
    const all = byte.toString(2).padStart(8, '0')
    const shown = `${'.'.repeat(from)}${all.slice(from, from + length)}${'.'.repeat(8 - from - length)}`
    return `${shown.slice(0, 4)} ${shown.slice(4)}`
  }
  const name = OPCODES[first & 0xf] ?? 'reserved'
  return [
    row(
      bits(first, 0, 1),
      'FIN',
      first & 0x80 ? 'the message ends with this frame' : 'more frames of this message follow',
    ),
    row(
      bits(first, 1, 1),
      'RSV1',
      reserved(first & 0x40, 'set, which means compressed if both sides agreed on it (RFC 7692)'),
    ),
    row(bits(first, 2, 1), 'RSV2', reserved(first & 0x20)),
    row(bits(first, 3, 1), 'RSV3', reserved(first & 0x10)),
    row(bits(first, 4, 4), 'opcode', `${first & 0xf}: ${name}${KINDS[name] ?? ''}`, 'meant'),
    row(
      bits(second, 0, 1),
      'MASK',
      second & 0x80
        ? 'masked, like every frame from a browser, so that no proxy mistakes its content for a request (10.3)'
        : 'not masked, because a server never masks (5.1)',
      'meant',
    ),
    ...lengthRows(head, second & 0x7f, bits(second, 1, 7)),
    ...(second & 0x80 ? [keyRow(part)] : []),
    ...payloadRows(seen, part),
  ]
}

const KINDS: Readonly<Record<string, string>> = {
  text: ', in UTF-8',
  continuation: ' of the previous frame',
  close: ', the last frame from this side',
  ping: ', a question that the other side answers with a pong',
  pong: ', the answer to a ping',
}

function reserved(bit: number, meaning = 'set, although no extension was agreed on'): string {
  return bit ? meaning : 'reserved for extensions, and none is used'
}

/** Returns the rows of the frame's length: 7 bits; or 126 and 16 more bits; or 127 and 64 more bits. */
function lengthRows(head: Uint8Array, short: number, bits: string): readonly InspectorLine[] {
  if (short < 126) return [row(bits, 'length', `${count(short, 'byte')}. A length up to 125 fits into seven bits.`)]
  const size = short === 126 ? 2 : 8
  const extended = head.subarray(2, 2 + size)
  const length = extended.reduce((sum, byte) => sum * 256 + byte, 0)
  return [
    row(bits, 'length', `${short} means that the next ${size} bytes contain the length`),
    row(Array.from(extended, hex).join(' '), `${size * 8} bits`, count(length, 'byte')),
  ]
}

function keyRow({ mask }: FramePart): InspectorLine {
  return row(
    hexOf(shownHex(mask ?? '')),
    'masking key',
    'random and new for each frame; it is not secret, because it is sent with the frame (5.3)',
  )
}

function payloadRows(seen: SeenPart, part: FramePart): readonly InspectorLine[] {
  const { carried, crossed, events } = seen
  const { length } = crossed.bytes
  if (part.length === 0) return [row('–', 'payload', 'none')]
  const more = part.length > SHOWN_BYTES ? ' …' : ''
  const name = part.mask === null ? 'payload' : 'payload, as it crossed'
  const rows = [row(hexOf(crossed, 0, Math.min(length, SHOWN_BYTES)) + more, name, count(part.length, 'byte'))]
  if (part.mask !== null && length > 0) rows.push(exampleRow(seen, shownHex(part.mask).bytes))
  const [event] = events
  const meaning = part.opcode === 8 ? closing(carried.bytes) : event ? eventMeaning(event, part.at) : says(seen, part)
  const text = textOf(carried, part.opcode === 8 ? 2 : 0)
  if (text !== '' || part.opcode === 8) rows.push(row(text, part.opcode === 8 ? 'close' : 'as text', meaning, 'meant'))
  return rows
}

/** Returns a row that unmasks the first byte as an example. Each further byte uses the next of the key's four bytes. */
function exampleRow({ carried, crossed }: SeenPart, key: Uint8Array): InspectorLine {
  const by = `${hexOf(crossed, 0, 1)} XOR ${hex(key[0] ?? 0)}`
  return row(
    by,
    'unmasked',
    `${hexOf(carried, 0, 1)} “${textOf(carried, 0, 1)}”; each byte i is combined with byte i mod 4 of the key`,
  )
}

function closing(bytes: Uint8Array): string {
  const [high = 0, low = 0] = bytes
  const code = high * 256 + low
  return bytes.length < 2 ? 'no reason given' : `${code}: ${CLOSE_CODES[code] ?? 'see RFC 6455, 7.4'}`
}

const CLOSE_CODES: Readonly<Record<number, string>> = {
  1000: 'normal end',
  1001: 'this side is going away',
  1002: 'the other side broke the protocol',
  1003: 'this kind of data is not accepted',
  1007: 'the text is not valid UTF-8',
  1008: 'the message breaks the server’s rules',
  1009: 'the message is too large',
  1011: 'the server failed',
  1012: 'the server restarts',
  1013: 'try again later',
}

function says({ carried }: SeenPart, { opcode, up }: FramePart): string {
  if (opcode >= 8) return ''
  const [, type = ''] = /"type":"(\w+)"/.exec(textOf(carried)) ?? []
  return MESSAGES[`${up ? 'up' : 'down'} ${type}`] ?? ''
}

const MESSAGES: Readonly<Record<string, string>> = {
  'up message': 'a message that this page publishes',
  'up ping': 'asks whether the server is there, because a page cannot send a ping frame',
  'up join': 'joins this room',
  'up leave': 'leaves this room',
  'up typing': 'a person is typing; nothing is stored',
  'down connected': 'the connection is ready, and starts at this cursor',
  'down accepted': 'the message is stored: its key from the page, and its new id',
  'down pong': 'the response to a ping',
  'down gap': 'the server no longer keeps the events before this cursor',
  'down error': 'the problem and its remedy',
}
