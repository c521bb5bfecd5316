/** A client of a response that does not end: server-sent events, or one text on each line. */
import { StringDecoder } from 'node:string_decoder'
import type { ClientListener, ComparedConnection } from '../adapter.ts'
import { messageOf } from '../trouble.ts'
import { now } from '../now.ts'
import { createResponseReader } from './response.ts'
import { bytesOf, openSocket, requestText } from './socket.ts'

/**
 * Opens a stream with GET. The content type of the response decides whether it is read as events or as lines. With a
 * cursor, the request has the field Last-Event-ID.
 */
export function openStream(url: URL, client: ClientListener, cursor?: string): ComparedConnection {
  const socket = openSocket(url)
  const decoder = new StringDecoder('utf8')
  /** Start of a line or of an event that has not arrived completely. */
  let rest = ''
  let take = takeLines
  /** The last event with a field `id`. */
  let named = ''
  let atMs = 0
  let isClosed = false

  const read = createResponseReader({
    head({ status, fields }) {
      if (status !== 200) return fail(`GET ${url.pathname} returned the status ${status} instead of 200`)
      if (fields.get('content-type')?.startsWith('text/event-stream')) take = takeEvents
      client.live()
    },
    body: (bytes) => take(decoder.write(bytes)),
    end: () => fail('the server ended the stream'),
  })
  const fields = { Accept: 'text/event-stream, */*', 'Cache-Control': 'no-store' }
  socket.write(requestText('GET', url, cursor === undefined ? fields : { ...fields, 'Last-Event-ID': cursor }))
  socket.on('data', (bytes: Buffer) => {
    atMs = now()
    try {
      read(bytes)
    } catch (error) {
      fail(messageOf(error))
    }
  })
  socket.on('error', (error) => fail(error.message))
  socket.on('close', () => fail('the server closed the connection'))

  return {
    close,
    usage: () => ({ ...bytesOf(socket), requests: 1 }),
    cursor: () => valueOf('id', named) || (cursor ?? null),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  }

  function close(): void {
    isClosed = true
    socket.destroy()
  }

  function fail(why: string): void {
    if (isClosed) return
    close()
    client.failed(why)
  }

  function takeLines(text: string): void {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') client.received(line, atMs)
  }

  function takeEvents(text: string): void {
    const events = (rest + text.replaceAll('\r', '')).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = valueOf('data', event)
      if (event.startsWith('id:') || event.includes('\nid:')) named = event
      if (data !== '') client.received(data, atMs)
    }
  }
}

/** Returns the values of all lines with this field (WHATWG HTML, section 9.2). */
function valueOf(field: string, event: string): string {
  const start = field.length + 1
  const lines = event.split('\n').filter((line) => line.startsWith(`${field}:`))
  return lines.map((line) => line.slice(line[start] === ' ' ? start + 1 : start)).join('\n')
}
