/**
 * Finds where HTTP/1.1 messages begin and end in one direction of a connection (RFC 9112, section
 * 6), for conditions that treat a head or a whole answer otherwise than the bytes in between.
 * What it cannot read it takes for one message without an end.
 */

/** A number of bytes; chunks; or all there is to come, as after a 101. */
export type Body = number | 'chunked' | 'rest'

export interface Messages {
  read(bytes: Buffer): void
  /** All that was read is whole messages. */
  isBetween(): boolean
  /** No further message can be told from what follows. */
  isBeyond(): boolean
}

/** Node takes no longer head, so the server refuses what would be read wrongly here. */
const LONGEST_HEAD_BYTES = 64 * 1024

const LF = 10

export function readMessages(bodyOf: (head: string) => Body): Messages {
  let reading: 'head' | 'size' | 'trailer' | 'rest' = 'head'
  /** What has come of the present head, or line. */
  let text = ''
  /** Bytes of content that are still to come before the next head or line. */
  let skipBytes = 0

  return {
    read(bytes) {
      for (let at = 0; at < bytes.length && reading !== 'rest';) {
        const skipped = Math.min(skipBytes, bytes.length - at)
        skipBytes -= skipped
        at += skipped
        if (at < bytes.length) at = readLine(bytes, at)
      }
    },
    isBetween: () => reading === 'head' && text === '' && skipBytes === 0,
    isBeyond: () => reading === 'rest',
  }

  function readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from)
    const to = end === -1 ? bytes.length : end + 1
    text += bytes.toString('latin1', from, to)
    if (text.length > LONGEST_HEAD_BYTES) reading = 'rest'
    else if (end !== -1) endLine()
    return to
  }

  function endLine(): void {
    if (reading === 'head') {
      // An empty line before a head is allowed (RFC 9112, section 2.2) and belongs to nothing.
      if (text !== '\r\n' && text.endsWith('\r\n\r\n')) begin(bodyOf(text))
      else if (text !== '\r\n') return
    } else if (reading === 'size') {
      const length = Number.parseInt(text, 16)
      if (length > 0) skipBytes = length + '\r\n'.length
      else reading = length === 0 ? 'trailer' : 'rest'
    } else if (text === '\r\n') {
      reading = 'head'
    }
    text = ''
  }

  function begin(body: Body): void {
    if (typeof body === 'number') skipBytes = body
    else reading = body === 'chunked' ? 'size' : 'rest'
  }
}

/** How long the content is by the head's own fields; `otherwise` where they do not say. */
export function declaredBody(head: string, otherwise: Body): Body {
  if (/^transfer-encoding:.*chunked\s*$/im.test(head)) return 'chunked'
  const [, length] = /^content-length:\s*(\d+)\s*$/im.exec(head) ?? []
  return length === undefined ? otherwise : Number(length)
}
