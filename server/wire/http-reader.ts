/**
 * Reads what goes down in answer to one request (RFC 9112) and yields it in pieces that together
 * are the very bytes that went in. It trusts its own server: what is wrong is passed on as `rest`.
 */

export type HttpPieceKind =
  | 'head'
  | 'body'
  /** The line with a chunk's size, and for the last chunk that alone. */
  | 'chunk-head'
  | 'chunk-data'
  | 'chunk-end'
  /** Trailer fields, if any, and the blank line that ends a chunked answer. */
  | 'trailer'
  /** What comes behind a 101 or behind the answer's end. */
  | 'rest'

export interface HttpPiece {
  readonly kind: HttpPieceKind
  readonly bytes: Buffer
  readonly atMs: number
  /** False where it goes on in the next piece. */
  readonly ends: boolean
}

export interface HttpReader {
  /** Of the last head that was read to its end; null before. */
  readonly status: number | null
  /** How much content that head announced; Infinity where it does not say, as of chunks or behind a 101. */
  readonly contentBytes: number
  read(bytes: Buffer, atMs: number): HttpPiece[]
}

/** How far to look for the end of a head or a line at a time: the body that may follow is not turned into text. */
const LOOK_BYTES = 1024

export function createHttpReader(method: string): HttpReader {
  let state: HttpPieceKind = 'head'
  let status: number | null = null
  /** The head or line that is being read, as far as it has come. */
  let text = ''
  /** Bytes to come of what has a known length. */
  let left = 0
  let contentBytes = 0

  return {
    get status() {
      return status
    },
    get contentBytes() {
      return contentBytes
    },
    read(bytes, atMs) {
      const pieces: HttpPiece[] = []
      for (let rest = bytes; rest.length > 0;) {
        const kind = state
        const { length, ends } = step(rest)
        pieces.push({ kind, bytes: rest.subarray(0, length), atMs, ends })
        rest = rest.subarray(length)
      }
      return pieces
    },
  }

  function step(bytes: Buffer): { length: number; ends: boolean } {
    if (state === 'head') return upTo('\r\n\r\n', bytes, headEnds)
    if (state === 'chunk-head') return upTo('\r\n', bytes, chunkBegins)
    if (state === 'trailer') return upTo('\r\n\r\n', bytes, () => (state = 'rest'))
    if (state === 'chunk-data') return count(bytes, () => expect('chunk-end', 2))
    if (state === 'chunk-end') return count(bytes, () => (state = 'chunk-head'))
    if (state === 'body') return count(bytes, () => (state = 'rest'))
    return { length: bytes.length, ends: false }
  }

  /** Reads text up to and with its mark, which may have come in part with the bytes before. */
  function upTo(mark: string, bytes: Buffer, done: (text: string) => void): { length: number; ends: boolean } {
    const before = text.length
    const some = bytes.subarray(0, LOOK_BYTES)
    text += some.toString('latin1')
    const at = text.indexOf(mark, Math.max(0, before - mark.length))
    if (at < 0) return { length: some.length, ends: false }
    const whole = text.slice(0, at + mark.length)
    text = ''
    done(whole)
    return { length: whole.length - before, ends: true }
  }

  function count(bytes: Buffer, done: () => void): { length: number; ends: boolean } {
    const length = Math.min(bytes.length, left)
    left -= length
    if (left > 0) return { length, ends: false }
    done()
    return { length, ends: true }
  }

  function expect(next: HttpPieceKind, length: number): void {
    state = next
    left = length
  }

  function headEnds(head: string): void {
    status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0)
    const [, contentLength] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
    if (status === 101) state = 'rest'
    // An interim answer, such as 100 Continue: the real one follows (RFC 9110, section 15.2).
    else if (status < 200) state = 'head'
    // Never a body, whatever the head says of its length (RFC 9112, section 6.3).
    else if (method === 'HEAD' || status === 204 || status === 304) state = 'rest'
    else if (/\r\ntransfer-encoding: *chunked/i.test(head)) state = 'chunk-head'
    else if (contentLength === '0') state = 'rest'
    else expect('body', contentLength === undefined ? Infinity : Number(contentLength))
    contentBytes = state === 'body' ? left : state === 'chunk-head' || status === 101 ? Infinity : 0
  }

  function chunkBegins(line: string): void {
    const size = Number.parseInt(line, 16)
    if (size > 0) return expect('chunk-data', size)
    state = 'trailer'
    // The line before ends in the line break that a blank line is told by.
    text = '\r\n'
  }
}
