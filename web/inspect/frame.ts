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

/** Greatest number of payload bytes that are shown; the copy contains all of them. */
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
    row(bits(first, 1, 1), 'RSV1', reserved(first & 0x40, 'compressed (RFC 7692), had both agreed on it')),
    row(bits(first, 2, 1), 'RSV2', reserved(first & 0x20)),
    row(bits(first, 3, 1), 'RSV3', reserved(first & 0x10)),
    row(bits(first, 4, 4), 'opcode', `${first & 0xf}: ${name}${KINDS[name] ?? ''}`, 'meant'),
    row(
      bits(second, 0, 1),
      'MASK',
      second & 0x80
        ? 'masked: whatever a browser sends is, so that no proxy can be made to take it for a request (10.3)'
        : 'not masked: a server never does (5.1)',
      'meant',
    ),
    ...lengthRows(head, second & 0x7f, bits(second, 1, 7)),
    ...(second & 0x80 ? [keyRow(part)] : []),
    ...payloadRows(seen, part),
  ]
}

const KINDS: Readonly<Record<string, string>> = {
  text: ', in UTF-8',
  continuation: ' of the message before',
  close: ', and nothing comes after it',
  ping: ', to be answered by a pong',
  pong: ', the answer to a ping',
}

function reserved(bit: number, meaning = 'set, though no extension was agreed on'): string {
  return bit ? meaning : 'for extensions, and there is none'
}

/** Rows for the length: seven bits, or 126 and 16 more bits, or 127 and 64 more bits. */
function lengthRows(head: Uint8Array, short: number, bits: string): readonly InspectorLine[] {
  if (short < 126) return [row(bits, 'length', `${count(short, 'byte')}: up to 125 fit into seven bits`)]
  const size = short === 126 ? 2 : 8
  const extended = head.subarray(2, 2 + size)
  const length = extended.reduce((sum, byte) => sum * 256 + byte, 0)
  return [
    row(bits, 'length', `${short}: the next ${size} bytes hold it`),
    row(Array.from(extended, hex).join(' '), `${size * 8} bits`, count(length, 'byte')),
  ]
}

function keyRow({ mask }: FramePart): InspectorLine {
  return row(
    hexOf(shownHex(mask ?? '')),
    'masking key',
    'a new one for each frame, at random; no secret, it goes along (5.3)',
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

/** Row that unmasks the first byte as an example. The other bytes use the key's four bytes in turn. */
function exampleRow({ carried, crossed }: SeenPart, key: Uint8Array): InspectorLine {
  const by = `${hexOf(crossed, 0, 1)} XOR ${hex(key[0] ?? 0)}`
  return row(by, 'unmasked', `${hexOf(carried, 0, 1)} “${textOf(carried, 0, 1)}”; byte i with the key’s byte i mod 4`)
}

function closing(bytes: Uint8Array): string {
  const [high = 0, low = 0] = bytes
  const code = high * 256 + low
  return bytes.length < 2 ? 'no reason given' : `${code}: ${CLOSE_CODES[code] ?? 'see RFC 6455, 7.4'}`
}

const CLOSE_CODES: Readonly<Record<number, string>> = {
  1000: 'all is said',
  1001: 'going away',
  1002: 'the other one broke the protocol',
  1003: 'this kind of data is not taken',
  1007: 'text that is no UTF-8',
  1008: 'against the rules',
  1009: 'too big',
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
  'up message': 'this page publishes',
  'up ping': 'is the server there? A page cannot send the protocol’s own ping',
  'up join': 'go on with this room',
  'up leave': 'no more of this room',
  'up typing': 'somebody types; kept nowhere',
  'down connected': 'here, and from which cursor',
  'down accepted': 'stored: the page’s own key, and the id that it got',
  'down pong': 'the server is there',
  'down gap': 'what lies before this cursor is no longer kept',
  'down error': 'what is wrong, and what to do',
}
