import { expect, test } from 'vitest'
import type { FramePart } from '../../../server/protocol/wire.ts'
import { frameRows } from '../../../web/inspect/frame.ts'
import { see } from '../../../web/inspect/see.ts'
import { event, frame, inspected, textFrame } from './parts.ts'

// The frames of RFC 6455, section 5.7.
test('the inspector explains a text frame field by field', () => {
  expect(rows(frame('81 05 48 65 6c 6c 6f'))).toEqual([
    ['1... ....', 'FIN', 'the message ends with this frame'],
    ['.0.. ....', 'RSV1', 'reserved for extensions, and none is used'],
    ['..0. ....', 'RSV2', 'reserved for extensions, and none is used'],
    ['...0 ....', 'RSV3', 'reserved for extensions, and none is used'],
    ['.... 0001', 'opcode', '1: text, in UTF-8'],
    ['0... ....', 'MASK', 'not masked, because a server never masks (5.1)'],
    ['.000 0101', 'length', '5 bytes. A length up to 125 fits into seven bits.'],
    ['•• •• •• •• ••', 'payload', '5 bytes'],
    ['•••••', 'as text', ''],
  ])
})

test('for a masked frame, the inspector shows the key, the payload with and without the mask, and one byte as an example', () => {
  expect(rows(frame('81 85 37 fa 21 3d 7f 9f 4d 51 58', true)).slice(5)).toEqual([
    [
      '1... ....',
      'MASK',
      'masked, like every frame from a browser, so that no proxy mistakes its content for a request (10.3)',
    ],
    ['.000 0101', 'length', '5 bytes. A length up to 125 fits into seven bits.'],
    [
      '37 fa 21 3d',
      'masking key',
      'random and new for each frame; it is not secret, because it is sent with the frame (5.3)',
    ],
    ['7f 9f 4d 51 58', 'payload, as it crossed', '5 bytes'],
    ['7f XOR 37', 'unmasked', '48 “H”; each byte i is combined with byte i mod 4 of the key'],
    ['Hello', 'as text', ''],
  ])
})

test('the inspector explains fragments, a ping and its pong', () => {
  expect(field(frame('01 03 48 65 6c', true), 'FIN')).toBe('more frames of this message follow')
  expect(field(frame('80 02 6c 6f', true), 'opcode')).toBe('0: continuation of the previous frame')
  expect(field(frame('89 05 48 65 6c 6c 6f'), 'opcode')).toBe(
    '9: ping, a question that the other side answers with a pong',
  )
  expect(field(frame('8a 00', true), 'opcode')).toBe('10: pong, the answer to a ping')
  expect(field(frame('8a 00', true), 'payload')).toBe('none')
})

test('the inspector explains frame lengths of 16 and of 64 bits', () => {
  expect(rows(textFrame('x'.repeat(256))).slice(6, 8)).toEqual([
    ['.111 1110', 'length', '126 means that the next 2 bytes contain the length'],
    ['01 00', '16 bits', '256 bytes'],
  ])
  expect(rows(textFrame('x'.repeat(65_536))).slice(6, 8)).toEqual([
    ['.111 1111', 'length', '127 means that the next 8 bytes contain the length'],
    ['00 00 00 00 00 01 00 00', '64 bits', '65,536 bytes'],
  ])
})

test('for a close frame, the inspector shows the code and the reason', () => {
  expect(rows(frame('88 0b 03 f4 62 79 65 20 66 6f 72 20 61')).at(-1)).toEqual([
    'bye for a',
    'close',
    '1012: the server restarts',
  ])
  expect(rows(frame('88 00')).at(-1)).toEqual(['–', 'payload', 'none'])
})

test('the inspector names reserved bits that no extension explains', () => {
  expect(field(frame('c1 00'), 'RSV1')).toBe('set, which means compressed if both sides agreed on it (RFC 7692)')
  expect(field(frame('a1 00'), 'RSV2')).toBe('set, although no extension was agreed on')
  expect(field(frame('83 00'), 'opcode')).toBe('3: reserved')
})

test('for a frame with an event, the inspector shows how long the event waited on the server', () => {
  expect(rows(textFrame(event('k3.4'))).at(-1)).toEqual([
    event('k3.4'),
    'as text',
    'a tick, which waited 20 ms on the server',
  ])
})

function rows(part: FramePart): string[][] {
  const [seen] = see(inspected([part], { transport: 'ws' }), () => false).parts
  return seen ? frameRows(seen).map(({ bytes, field = '', meaning }) => [bytes, field, meaning]) : []
}

function field(part: FramePart, name: string): string | undefined {
  return rows(part).find(([, field]) => field === name)?.[2]
}
