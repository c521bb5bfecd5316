/**
 * Splits the response to one request into pieces (RFC 9112). The joined pieces are exactly the bytes that the reader
 * has read. The reader does not validate the response.
 */

export type HttpPieceKind =
  | 'head'
  | 'body'
  /** Line with the size of a chunk. The last chunk consists of this line only. */
  | 'chunk-head'
  | 'chunk-data'
  | 'chunk-end'
  /** Trailer fields, if any, and the blank line that ends a chunked response. */
  | 'trailer'
  /** Bytes after a 101, or after the end of the response. */
  | 'rest'

export interface HttpPiece {
  readonly kind: HttpPieceKind
  readonly bytes: Buffer
  readonly atMs: number
  /** False if the same head, line or body continues in the next piece. */
  readonly ends: boolean
}

export interface HttpReader {
  /** Status code of the latest complete head; null before the first complete head. */
  readonly status: number | null
  /**
   * Length of the content that the head announces. Infinity if the length is unknown: for a chunked response, and after
   * a 101.
   */
  readonly contentBytes: number
  /**
   * True if the reader has read the whole response. Never true after a 101, or if only the end of the connection ends
   * the response.
   */
  readonly isOver: boolean
  read(bytes: Buffer, atMs: number): HttpPiece[]
}

/**
 * Number of bytes that the reader decodes at a time while it searches for the end of a head or line. The number is
 * small, so that the reader decodes little of the body needlessly.
 */
const LOOK_BYTES = 1024

export function createHttpReader(method: string): HttpReader {
  let state: HttpPieceKind = 'head'
  let status: number | null = null
  /** The part of the current head or line that has arrived. */
  let text = ''
  /** Number of bytes of the current body or chunk that have not arrived. */
  let left = 0
  let contentBytes = 0

  return {
    get status() {
      return status
    },
    get contentBytes() {
      return contentBytes
    },
    get isOver() {
      return state === 'rest' && status !== 101
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

  /** Reads text up to and including `mark`. The beginning of the mark may have arrived with earlier bytes. */
  function upTo(mark: string, bytes: Buffer, done: (text: string) => void): { length: number; ends: boolean } {
    const before = text.length
    const next = bytes.subarray(0, LOOK_BYTES)
    text += next.toString('latin1')
    const at = text.indexOf(mark, Math.max(0, before - mark.length))
    if (at < 0) return { length: next.length, ends: false }
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
    // A status below 200 belongs to an interim response, such as 100 Continue. The final response follows (RFC 9110,
    // section 15.2).
    else if (status < 200) state = 'head'
    // Responses to HEAD and responses with the status 204 or 304 have no body, even if the head gives a length (RFC
    // 9112, section 6.3).
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
    // The line break after the size 0 is also the first half of the end mark "\r\n\r\n".
    text = '\r\n'
  }
}
