/**
 * Finds where each HTTP/1.1 message begins and ends in one direction of a connection (RFC 9112, section 6). The
 * buffering, the firewall and the meter use this reader. Bytes that the reader cannot parse count as one message
 * without an end.
 */

/** Length of a body: a number of bytes, `chunked`, or `rest` for all further bytes, for example after a 101. */
export type Body = number | 'chunked' | 'rest'

export interface MessageReader {
  read(bytes: Buffer): void
  /** Returns true if all messages so far are complete. */
  isBetween(): boolean
  /** Returns true if the reader can find no further message in this direction, for example after a 101. */
  isBeyond(): boolean
  /** Returns how many bytes of an incomplete head have arrived. */
  begunBytes(): number
}

/** Maximum length of a head. Node refuses a longer head anyway. */
const LONGEST_HEAD_BYTES = 64 * 1024

const LF = 10
const CR = 13

const HEAD_END = Buffer.from('\r\n\r\n')

/** Is called with each complete head. */
export interface HeadListener {
  /**
   * Returns the length of the body that follows a head. `bytesAfterHead` is the number of bytes that arrived together
   * with the head and follow it.
   */
  bodyOf(head: string, bytesAfterHead: number): Body
}

/** Reads messages. Every connection has a reader, so the reader is a class: it takes less memory than closures. */
export function readMessages(listener: HeadListener): MessageReader {
  return new Reader(listener)
}

class Reader implements MessageReader {
  readonly #listener: HeadListener
  #reading: 'head' | 'size' | 'trailer' | 'rest' = 'head'
  /** The part of the current head or line that has arrived. */
  #text = ''
  /** Number of content bytes to skip before the next head or line. */
  #skipBytes = 0

  constructor(listener: HeadListener) {
    this.#listener = listener
  }

  read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.#reading !== 'rest';) {
      const skipped = Math.min(this.#skipBytes, bytes.length - at)
      this.#skipBytes -= skipped
      at += skipped
      if (at < bytes.length) at = this.#readHead(bytes, at) ?? this.#readLine(bytes, at)
    }
  }

  isBetween(): boolean {
    return this.#reading === 'head' && this.#text === '' && this.#skipBytes === 0
  }

  isBeyond(): boolean {
    return this.#reading === 'rest'
  }

  begunBytes(): number {
    return this.#reading === 'head' ? this.#text.length : 0
  }

  /** Reads a head in one step if the whole head has arrived, which is the usual case. Otherwise returns null. */
  #readHead(bytes: Buffer, from: number): number | null {
    if (this.#reading !== 'head' || this.#text !== '' || bytes[from] === CR) return null
    const end = bytes.indexOf(HEAD_END, from) + HEAD_END.length
    if (end < HEAD_END.length || end - from > LONGEST_HEAD_BYTES) return null
    this.#begin(this.#listener.bodyOf(bytes.toString('latin1', from, end), bytes.length - end))
    return end
  }

  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from)
    const to = end === -1 ? bytes.length : end + 1
    this.#text += bytes.toString('latin1', from, to)
    if (this.#text.length > LONGEST_HEAD_BYTES) this.#reading = 'rest'
    else if (end !== -1) this.#endLine(bytes.length - to)
    return to
  }

  #endLine(bytesAfterLine: number): void {
    const text = this.#text
    if (this.#reading === 'head') {
      // A client may send an empty line before a head (RFC 9112, section 2.2). The empty line belongs to no message.
      if (text !== '\r\n' && text.endsWith('\r\n\r\n')) this.#begin(this.#listener.bodyOf(text, bytesAfterLine))
      else if (text !== '\r\n') return
    } else if (this.#reading === 'size') {
      const length = Number.parseInt(text, 16)
      if (length > 0) this.#skipBytes = length + '\r\n'.length
      else this.#reading = length === 0 ? 'trailer' : 'rest'
    } else if (text === '\r\n') {
      this.#reading = 'head'
    }
    this.#text = ''
  }

  #begin(body: Body): void {
    if (typeof body === 'number') this.#skipBytes = body
    else this.#reading = body === 'chunked' ? 'size' : 'rest'
  }
}

/**
 * Returns the length of a response's body. Responses with the status 1xx, 204 or 304 have no content. The bytes after a
 * 101 are not HTTP (RFC 9112, section 6.3).
 */
export function bodyOfAnswer(head: string): Body {
  const status = statusOf(head)
  if (status === 101) return 'rest'
  return status < 200 || status === 204 || status === 304 ? 0 : declaredBody(head, 'rest')
}

const statusOf = (head: string): number => Number(head.split(' ', 2)[1])

/**
 * Returns true if a request asks for a WebSocket: HTTP/1.1, `Upgrade: websocket` and `Connection: Upgrade` (RFC 6455,
 * section 4.2.1).
 */
export const isWebSocket = (head: string): boolean =>
  /^[^\r]* HTTP\/1\.1\r\n/.test(head) &&
  /^upgrade:(?:.*,)?\s*websocket\s*(?:,.*)?$/im.test(head) &&
  /^connection:.*\bupgrade\b/im.test(head)

/** Returns the length of a body that the fields of a head give, or `otherwise` if the fields give no length. */
export function declaredBody(head: string, otherwise: Body): Body {
  if (/^transfer-encoding:.*chunked\s*$/im.test(head)) return 'chunked'
  const [, length] = /^content-length:\s*(\d+)\s*$/im.exec(head) ?? []
  return length === undefined ? otherwise : Number(length)
}
