/** Parser for event streams that works like a browser's (WHATWG HTML, section 9.2.6), and also returns positions. */

export interface StreamEvent {
  /** `message` if the stream gives none. */
  readonly type: string
  readonly data: string
  readonly lastEventId: string
  /** Position at which the block begins. */
  readonly at: number
  /** Positions at which the values of the data lines begin. */
  readonly dataAt: readonly number[]
}

/** A line with an unknown field name, which a browser ignores. */
export interface Stranger {
  readonly name: string
  readonly at: number
}

export interface StreamRead {
  readonly events: readonly StreamEvent[]
  /** Value that a browser would send as Last-Event-ID now. */
  readonly lastEventId: string
  /** The last `retry` field as it was written, valid or not; null if there was none. */
  readonly retry: { readonly value: string; readonly at: number } | null
  /** Position at which the unfinished block begins. */
  readonly openAt: number
  readonly strangers: readonly Stranger[]
}

export function readStream(text: string): StreamRead {
  const events: StreamEvent[] = []
  const strangers: Stranger[] = []
  let retry: StreamRead['retry'] = null
  let id = ''
  let lastEventId = ''
  let type = ''
  let data: string[] = []
  let dataAt: number[] = []
  // Only a byte order mark at the beginning is removed.
  let openAt = text.startsWith('\ufeff') ? 1 : 0

  for (const { line, at, nextAt } of linesOf(text, openAt)) {
    if (line === '') {
      lastEventId = id
      if (data.length > 0)
        events.push({ type: type || 'message', data: data.join('\n'), lastEventId, at: openAt, dataAt })
      type = ''
      data = []
      dataAt = []
      openAt = nextAt
      continue
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? []
    if (name === 'data') {
      data.push(value)
      dataAt.push(at + line.length - value.length)
    } else if (name === 'event') type = value
    else if (name === 'id') id = value.includes('\0') ? id : value
    else if (name === 'retry') retry = { value, at }
    else if (name !== '') strangers.push({ name, at })
  }
  return { events, lastEventId, retry, openAt, strangers }
}

/** Yields the complete lines, which end with CRLF, LF or CR. */
function* linesOf(text: string, from: number) {
  const end = /\r\n|\n|\r/g
  end.lastIndex = from
  let at = from
  for (let found = end.exec(text); found; found = end.exec(text)) {
    yield { line: text.slice(at, found.index), at, nextAt: end.lastIndex }
    at = end.lastIndex
  }
}
