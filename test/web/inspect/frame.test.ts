import { expect, test } from 'vitest'
import type { FramePart } from '../../../server/protocol/wire.ts'
import { frameRows } from '../../../web/inspect/frame.ts'
import { see } from '../../../web/inspect/see.ts'
import { event, frame, inspected, textFrame } from './parts.ts'

// The frames of RFC 6455, section 5.7.
test('a text frame is explained field by field', () => {
  expect(rows(frame('81 05 48 65 6c 6c 6f'))).toEqual([
    ['1... ....', 'FIN', 'the message ends with this frame'],
    ['.0.. ....', 'RSV1', 'for extensions, and there is none'],
    ['..0. ....', 'RSV2', 'for extensions, and there is none'],
    ['...0 ....', 'RSV3', 'for extensions, and there is none'],
    ['.... 0001', 'opcode', '1: text, in UTF-8'],
    ['0... ....', 'MASK', 'not masked: a server never does (5.1)'],
    ['.000 0101', 'length', '5 bytes: up to 125 fit into seven bits'],
    ['•• •• •• •• ••', 'payload', '5 bytes'],
    ['•••••', 'as text', ''],
  ])
})

test('a masked frame shows its key, its payload with and without the mask, and one byte as an example', () => {
  expect(rows(frame('81 85 37 fa 21 3d 7f 9f 4d 51 58', true)).slice(5)).toEqual([
    [
      '1... ....',
      'MASK',
      'masked: whatever a browser sends is, so that no proxy can be made to take it for a request (10.3)',
    ],
    ['.000 0101', 'length', '5 bytes: up to 125 fit into seven bits'],
    ['37 fa 21 3d', 'masking key', 'a new one for each frame, at random; no secret, it goes along (5.3)'],
    ['7f 9f 4d 51 58', 'payload, as it crossed', '5 bytes'],
    ['7f XOR 37', 'unmasked', '48 “H”; byte i with the key’s byte i mod 4'],
    ['Hello', 'as text', ''],
  ])
})

test('fragments, a ping and its pong are explained', () => {
  expect(field(frame('01 03 48 65 6c', true), 'FIN')).toBe('more frames of this message follow')
  expect(field(frame('80 02 6c 6f', true), 'opcode')).toBe('0: continuation of the message before')
  expect(field(frame('89 05 48 65 6c 6c 6f'), 'opcode')).toBe('9: ping, to be answered by a pong')
  expect(field(frame('8a 00', true), 'opcode')).toBe('10: pong, the answer to a ping')
  expect(field(frame('8a 00', true), 'payload')).toBe('none')
})

test('lengths of 16 and of 64 bits are explained', () => {
  expect(rows(textFrame('x'.repeat(256))).slice(6, 8)).toEqual([
    ['.111 1110', 'length', '126: the next 2 bytes hold it'],
    ['01 00', '16 bits', '256 bytes'],
  ])
  expect(rows(textFrame('x'.repeat(65_536))).slice(6, 8)).toEqual([
    ['.111 1111', 'length', '127: the next 8 bytes hold it'],
    ['00 00 00 00 00 01 00 00', '64 bits', '65,536 bytes'],
  ])
})

test('a close frame shows its code and its reason', () => {
  expect(rows(frame('88 0b 03 f4 62 79 65 20 66 6f 72 20 61')).at(-1)).toEqual([
    'bye for a',
    'close',
    '1012: the server restarts',
  ])
  expect(rows(frame('88 00')).at(-1)).toEqual(['–', 'payload', 'none'])
})

test('bits that no extension explains are named', () => {
  expect(field(frame('c1 00'), 'RSV1')).toBe('compressed (RFC 7692), had both agreed on it')
  expect(field(frame('a1 00'), 'RSV2')).toBe('set, though no extension was agreed on')
  expect(field(frame('83 00'), 'opcode')).toBe('3: reserved')
})

test('an event shows how long it waited on the server', () => {
  expect(rows(textFrame(event('k3.4'))).at(-1)).toEqual([
    event('k3.4'),
    'as text',
    'a tick; waited 20 ms on the server',
  ])
})

function rows(part: FramePart): string[][] {
  const [seen] = see(inspected([part], { transport: 'ws' }), () => false).parts
  return seen ? frameRows(seen).map(({ bytes, field = '', meaning }) => [bytes, field, meaning]) : []
}

function field(part: FramePart, name: string): string | undefined {
  return rows(part).find(([, field]) => field === name)?.[2]
}
