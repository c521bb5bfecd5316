/** A client of a response that does not end: server-sent events, or one text on each line. */
import { StringDecoder } from 'node:string_decoder'
import type { ClientListener, ComparedConnection } from '../adapter.ts'
import { messageOf } from '../trouble.ts'
import { createEventReader } from './events.ts'
import { createExchange } from './exchange.ts'
import type { ResponseHead } from './response.ts'
import { refusal } from './socket.ts'
import type { Connecting } from './socket.ts'

/**
 * Opens a stream with GET. The content type of the response decides whether it is read as events or as lines. With a
 * cursor, the request has the field Last-Event-ID.
 */
export function openStream(
  url: URL,
  client: ClientListener,
  cursor?: string,
  connecting: Connecting = {},
): ComparedConnection {
  const exchange = createExchange(connecting)
  const decoder = new StringDecoder('utf8')
  let take = createLineReader()
  /** Returns the id of the last event that has one. */
  let lastId = (): string => ''
  let isClosed = false

  const fields = {
    Accept: 'text/event-stream, */*',
    'Cache-Control': 'no-store',
    ...(cursor !== undefined && { 'Last-Event-ID': cursor }),
  }
  const body = (bytes: Buffer, atMs: number): void => {
    for (const text of take(decoder.write(bytes))) if (!isClosed) client.received(text, atMs)
  }
  exchange.ask('GET', url, fields, '', { head, body }).then(
    () => fail('the server ended the stream'),
    (error: unknown) => fail(messageOf(error)),
  )
  return {
    close,
    usage: () => exchange.usage,
    cursor: () => lastId() || (cursor ?? null),
    pause: () => exchange.pause(),
    resume: () => exchange.resume(),
  }

  function head({ status, fields }: ResponseHead): void {
    if (status !== 200) return fail(`GET ${url.pathname} ${refusal(status, 200, url)}`)
    if (fields.get('content-type')?.startsWith('text/event-stream')) ({ take, lastId } = createEventReader())
    client.live()
  }

  function close(): void {
    isClosed = true
    exchange.close()
  }

  function fail(why: string): void {
    if (isClosed) return
    close()
    client.failed(why)
  }
}

/** Returns a function that takes the next part of a text and returns the lines that it completes, without empty ones. */
function createLineReader(): (text: string) => readonly string[] {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    return lines.filter((line) => line !== '')
  }
}
