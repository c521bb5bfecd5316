/** A client of a response that does not end: server-sent events, or one text on each line. */
import { StringDecoder } from 'node:string_decoder'
import type { ClientListener, ComparedConnection } from '../adapter.ts'
import { messageOf } from '../trouble.ts'
import { now } from '../now.ts'
import { createResponseReader } from './response.ts'
import { bytesOf, openSocket, requestText } from './socket.ts'

/** Opens a stream with GET. The content type of the response decides whether it is read as events or as lines. */
export function openStream(url: URL, client: ClientListener): ComparedConnection {
  const socket = openSocket(url)
  const decoder = new StringDecoder('utf8')
  /** Start of a line or of an event that has not arrived completely. */
  let rest = ''
  let take = takeLines
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
  socket.write(requestText('GET', url, { Accept: 'text/event-stream, */*', 'Cache-Control': 'no-store' }))
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

  return { close, usage: () => ({ ...bytesOf(socket), requests: 1 }) }

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
      const data = dataOf(event)
      if (data !== '') client.received(data, atMs)
    }
  }
}

/** Returns the text after `data:`, of all such lines (WHATWG HTML, section 9.2). */
function dataOf(event: string): string {
  const lines = event.split('\n').filter((line) => line.startsWith('data:'))
  return lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n')
}
