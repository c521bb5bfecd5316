/** The parts of an answer are the same for every split of its bytes. fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHttpReader } from '../../../server/wire/http-reader.ts'
import type { HttpPieceKind } from '../../../server/wire/http-reader.ts'
import { pieced } from './pieced.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

const ANSWERS: [what: string, method: string, parts: [HttpPieceKind, string][], status: number][] = [
  [
    'an answer of a given length',
    'GET',
    [
      ['head', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
      ['body', 'a\r\n\r\n'],
      ['rest', 'HTTP/1.1'],
    ],
    200,
  ],
  ['an empty answer', 'GET', [['head', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n']], 200],
  [
    'the answer to HEAD',
    'HEAD',
    [
      ['head', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
      ['rest', 'x'],
    ],
    200,
  ],
  [
    'an answer with the status 204',
    'GET',
    [
      ['head', 'HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n'],
      ['rest', 'x'],
    ],
    204,
  ],
  [
    'an answer with the status 304 and a length',
    'GET',
    [
      ['head', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
      ['rest', 'x'],
    ],
    304,
  ],
  [
    'chunks, with an extension and trailers',
    'GET',
    [
      ['head', CHUNKED],
      ['chunk-head', '5;a=b\r\n'],
      ['chunk-data', '\r\n0\r\n'],
      ['chunk-end', '\r\n'],
      ['chunk-head', 'A\r\n'],
      ['chunk-data', '0123456789'],
      ['chunk-end', '\r\n'],
      ['chunk-head', '0\r\n'],
      ['trailer', 'X-Sum: 1\r\n\r\n'],
      ['rest', 'more'],
    ],
    200,
  ],
  [
    'chunks without trailers',
    'GET',
    [
      ['head', CHUNKED],
      ['chunk-head', '1\r\n'],
      ['chunk-data', 'x'],
      ['chunk-end', '\r\n'],
      ['chunk-head', '0\r\n'],
      ['trailer', '\r\n'],
      ['rest', 'more'],
    ],
    200,
  ],
  [
    'an answer that ends with its connection',
    'GET',
    [
      ['head', 'HTTP/1.0 200 OK\r\nX: y\r\n\r\n'],
      ['body', 'to the end\r\n\r\n'],
    ],
    200,
  ],
  [
    'an interim answer before the real one',
    'POST',
    [
      ['head', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['head', 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n'],
      ['body', '{}'],
    ],
    201,
  ],
  [
    'a handshake',
    'GET',
    [
      ['head', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
      ['rest', '\x81\x02{}'],
    ],
    101,
  ],
  [
    'a head that is longer than one search',
    'GET',
    [
      ['head', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(3000)}\r\nContent-Length: 1\r\n\r\n`],
      ['body', 'y'],
    ],
    200,
  ],
]

test.each(ANSWERS)(
  'the HTTP reader finds the parts of %s, no matter at which byte they are split',
  (_what, method, parts, status) => {
    const bytes = Buffer.from(parts.map(([, text]) => text).join(''), 'latin1')
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const reader = createHttpReader(method)
        const pieces = pieced(bytes, cuts).flatMap((split) => reader.read(split, 7))
        expect(joined(pieces)).toEqual(parts)
        expect(reader.status).toBe(status)
        expect(pieces.every(({ atMs }) => atMs === 7)).toBe(true)
      }),
    )
    const reader = createHttpReader(method)
    const single = pieced(bytes, Array.from(bytes.keys())).flatMap((split) => reader.read(split, 7))
    expect(joined(single)).toEqual(parts)
  },
)

/** Joins the pieces of each part, up to the piece with `ends`. */
function joined(pieces: { kind: HttpPieceKind; bytes: Buffer; ends: boolean }[]): [HttpPieceKind, string][] {
  const parts: [HttpPieceKind, string][] = []
  let goesOn = false
  for (const { kind, bytes, ends } of pieces) {
    const last = parts.at(-1)
    if (goesOn && last) last[1] += bytes.toString('latin1')
    else parts.push([kind, bytes.toString('latin1')])
    goesOn = !ends
  }
  return parts
}
