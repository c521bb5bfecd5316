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

/** `bodyOf` is told how many of the bytes that are being read stand behind the head. */
export function readMessages(bodyOf: (head: string, behindBytes: number) => Body): Messages {
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
    else if (end !== -1) endLine(bytes.length - to)
    return to
  }

  function endLine(behindBytes: number): void {
    if (reading === 'head') {
      // An empty line before a head is allowed (RFC 9112, section 2.2) and belongs to nothing.
      if (text !== '\r\n' && text.endsWith('\r\n\r\n')) begin(bodyOf(text, behindBytes))
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

/** RFC 9112, section 6.3: neither 1xx nor 204 nor 304 has content, and a 101 ends HTTP. */
export function bodyOfAnswer(head: string): Body {
  const status = statusOf(head)
  if (status === 101) return 'rest'
  return status < 200 || status === 204 || status === 304 ? 0 : declaredBody(head, 'rest')
}

export const statusOf = (head: string): number => Number(head.split(' ', 2)[1])

export const isWebSocket = (head: string): boolean => /^upgrade:\s*websocket\s*$/im.test(head)

/** How long the content is by the head's own fields; `otherwise` where they do not say. */
export function declaredBody(head: string, otherwise: Body): Body {
  if (/^transfer-encoding:.*chunked\s*$/im.test(head)) return 'chunked'
  const [, length] = /^content-length:\s*(\d+)\s*$/im.exec(head) ?? []
  return length === undefined ? otherwise : Number(length)
}
