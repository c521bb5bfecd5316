/** Random frames, split at random places. fast-check prints the seed of a failure. */
import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader } from '../../../server/wire/frame-reader.ts'
import type { FramePiece } from '../../../server/wire/frame-reader.ts'
import { frame } from './frame.ts'
import { pieced } from './pieced.ts'

const FRAME = fc.record({
  opcode: fc.constantFrom(0, 1, 2, 8, 9, 10),
  fin: fc.boolean(),
  mask: fc.boolean(),
  // These lengths are around those at which the head becomes longer.
  length: fc.oneof(fc.nat(3), fc.integer({ min: 124, max: 128 }), fc.integer({ min: 65_534, max: 65_538 })),
})

test('the frame reader reads frames of all lengths, masked or not, no matter at which byte they are split', () => {
  fc.assert(
    fc.property(fc.array(FRAME, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(70_000)), (frames, cuts) => {
      const made = frames.map(({ length, ...frame }) => ({ ...frame, data: randomFillSync(Buffer.alloc(length)) }))
      const bytes = Buffer.concat(made.map(({ data, ...how }) => frame(data, how)))
      const reader = createFrameReader()
      const within = cuts.filter((cut) => cut <= bytes.length)
      const pieces = pieced(bytes, within).flatMap((split) => reader.read(split, 7))

      expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(bytes)).toBe(true)
      expect(framesOf(pieces)).toEqual(
        made.map(({ opcode, fin, data, mask }) => ({
          opcode,
          fin,
          headBytes: 2 + (data.length < 126 ? 0 : data.length < 65_536 ? 2 : 8) + (mask ? 4 : 0),
          data: data.toString('hex'),
        })),
      )
    }),
  )
})

test('the frame reader reads a frame that arrives byte by byte as one frame', () => {
  const bytes = frame(Buffer.from('hello'), { mask: true })
  const reader = createFrameReader()
  const pieces = pieced(bytes, Array.from(bytes.keys())).flatMap((byte) => reader.read(byte, 7))
  expect(pieces.map(({ kind }) => kind)).toEqual([
    ...Array.from({ length: 6 }, () => 'frame-head'),
    ...Array.from({ length: 5 }, () => 'frame-payload'),
  ])
  expect(Buffer.concat(pieces.map(({ plain }) => plain)).toString()).toBe('hello')
  expect(pieces.filter(({ ends }) => ends)).toEqual([pieces.at(-1)])
})

function framesOf(pieces: FramePiece[]) {
  const frames: FramePiece[][] = [[]]
  for (const piece of pieces) {
    frames.at(-1)?.push(piece)
    if (piece.ends) frames.push([])
  }
  expect(frames.pop()).toEqual([])
  return frames.map((frame) => ({
    opcode: frame.at(-1)?.opcode,
    fin: frame.at(-1)?.fin,
    headBytes: frame.reduce((sum, { kind, bytes }) => sum + (kind === 'frame-head' ? bytes.length : 0), 0),
    data: Buffer.concat(frame.map(({ plain }) => plain)).toString('hex'),
  }))
}
