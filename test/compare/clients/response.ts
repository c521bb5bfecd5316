/** Reads HTTP/1.1 responses from the bytes of a connection, however the bytes are split. */

export interface ResponseHead {
  readonly status: number
  /** Names in small letters. */
  readonly fields: ReadonlyMap<string, string>
}

export interface ResponseListener {
  head(head: ResponseHead): void
  body(bytes: Buffer): void
  /** Called at the end of a response that has one. */
  end(): void
}

/** A longer head is no head: the server speaks another protocol. */
const HEAD_BYTES = 64 * 1024

const EMPTY: Buffer = Buffer.alloc(0)

/**
 * Returns a function that takes the next bytes. It throws if the bytes are no HTTP. The bytes after a 101 count as the
 * body. A body without a length ends with the connection, which this reader does not see.
 */
export function createResponseReader(listener: ResponseListener): (bytes: Buffer) => void {
  /** Bytes that have arrived and cannot be understood without the next ones. */
  let rest = EMPTY
  let state: 'head' | 'body' | 'chunk size' | 'chunk' | 'trailer' = 'head'
  /** Bytes of the body, or of the chunk with its line break, that are still to come. */
  let left = 0

  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    while (rest.length > 0 && step());
  }

  /** Reads one part. Returns false if it needs more bytes. */
  function step(): boolean {
    switch (state) {
      case 'head':
        return readHead()
      case 'body':
        return readBody()
      case 'chunk size':
        return readChunkSize()
      case 'chunk':
        return readChunk()
      case 'trailer':
        return readTrailer()
    }
  }

  function readHead(): boolean {
    const end = rest.indexOf('\r\n\r\n')
    if (rest[0] === TLS_ALERT) throw new Error('the server expects TLS: write https: or wss:')
    if (!'HTTP/1.'.startsWith(rest.toString('latin1', 0, 7)) || (end < 0 && rest.length > HEAD_BYTES))
      throw new Error(`the response is no HTTP/1.1: ${JSON.stringify(rest.toString('latin1', 0, 40))}`)
    if (end < 0) return false
    const head = headOf(rest.toString('latin1', 0, end))
    rest = rest.subarray(end + 4)
    const { status, fields } = head
    // After a 101 come other bytes than a body, but nchan sends a length of 0 nevertheless.
    const isUpgrade = status === 101
    const isChunked = fields.get('transfer-encoding')?.endsWith('chunked') ?? false
    const length = fields.get('content-length')
    const isEmpty = status === 204 || status === 304 || (length === '0' && !isUpgrade)
    if (status >= 100 && status < 200 && !isUpgrade) return true
    left = isChunked ? 0 : Number((isUpgrade ? undefined : length) ?? Number.POSITIVE_INFINITY)
    state = isChunked ? 'chunk size' : 'body'
    listener.head(head)
    if (isEmpty) finish()
    return true
  }

  function readBody(): boolean {
    const bytes = rest.subarray(0, left)
    rest = rest.subarray(bytes.length)
    left -= bytes.length
    listener.body(bytes)
    if (left === 0) finish()
    return true
  }

  function readChunkSize(): boolean {
    const line = takeLine()
    if (line === null) return false
    left = Number.parseInt(line, 16)
    if (Number.isNaN(left)) throw new Error(`"${line}" is no size of a chunk`)
    state = left === 0 ? 'trailer' : 'chunk'
    left += LINE_BREAK
    return true
  }

  function readChunk(): boolean {
    const bytes = rest.subarray(0, left)
    rest = rest.subarray(bytes.length)
    const content = bytes.subarray(0, Math.max(0, left - LINE_BREAK))
    left -= bytes.length
    if (content.length > 0) listener.body(content)
    if (left === 0) state = 'chunk size'
    return true
  }

  function readTrailer(): boolean {
    const line = takeLine()
    if (line === '') finish()
    return line !== null
  }

  function takeLine(): string | null {
    const end = rest.indexOf('\r\n')
    if (end < 0) return null
    const line = rest.toString('latin1', 0, end)
    rest = rest.subarray(end + LINE_BREAK)
    return line
  }

  function finish(): void {
    state = 'head'
    listener.end()
  }
}

const LINE_BREAK = 2

/** Type of the record by which a server with TLS refuses plain bytes (RFC 8446, section 5.1). */
const TLS_ALERT = 0x15

function headOf(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n')
  const fields = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const named = new Map(fields)
  // HTTP/1.0 closes a connection after a response, unless the response says `keep-alive` (RFC 9112, section 9.3).
  if (first.startsWith('HTTP/1.0 ') && !named.has('connection')) named.set('connection', 'close')
  return { status: Number(first.split(' ')[1]), fields: named }
}
