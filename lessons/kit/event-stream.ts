/** An event stream, read as a browser reads it (WHATWG HTML, section 9.2.6), with the place of each thing in it. */

export interface StreamEvent {
  /** `message` where the stream does not say. */
  readonly type: string
  readonly data: string
  readonly lastEventId: string
  /** Where its block begins. */
  readonly at: number
  /** Where the value of each of its lines of data begins. */
  readonly dataAt: readonly number[]
}

/** A line whose field is none that a browser knows: it is passed over. */
export interface Stranger {
  readonly name: string
  readonly at: number
}

export interface StreamRead {
  readonly events: readonly StreamEvent[]
  /** What would be sent back as Last-Event-ID now. */
  readonly lastEventId: string
  /** As it was written, digits or not; null where there was none. */
  readonly retry: { readonly value: string; readonly at: number } | null
  /** Where the block begins that no blank line has ended yet. */
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
  // One byte order mark at the very beginning is taken off, and no other.
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

/** Lines that are over. They end by CRLF, LF or CR. */
function* linesOf(text: string, from: number) {
  const end = /\r\n|\n|\r/g
  end.lastIndex = from
  let at = from
  for (let found = end.exec(text); found; found = end.exec(text)) {
    yield { line: text.slice(at, found.index), at, nextAt: end.lastIndex }
    at = end.lastIndex
  }
}
