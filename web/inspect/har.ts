/** Writes exchanges as an HTTP Archive (HAR 1.2), which the developer tools of browsers can open. */
import type { Inspected } from '../../server/protocol/wire.ts'
import { transports } from '../transports/index.ts'
import { textOf } from './bytes.ts'
import { fieldOf, statusOf } from './heads.ts'
import type { VisibleExchange, SeenPart } from './see.ts'
import type { Spans } from './timing.ts'

export interface HarExchange {
  readonly inspected: Inspected
  readonly seen: VisibleExchange
  readonly spans: Spans
}

/**
 * Returns the archive as JSON. Bytes that the inspector masks stay masked. The format requires a duration for each
 * phase, so a phase of unknown duration gets 0, and the entry's comment says so.
 */
export function toHar(exchanges: readonly HarExchange[], origin: string): string {
  const entries = exchanges
    .map((exchange) => entryOf(exchange, origin))
    .toSorted((a, b) => a.startedDateTime.localeCompare(b.startedDateTime))
  const log = { version: '1.2', creator: { name: 'Fourwire', version: '1' }, comment: COMMENT, entries }
  return JSON.stringify({ log }, null, 2)
}

const COMMENT =
  'The bytes are those at the server’s end of the connection. Credentials and texts of other people are masked by bullets.'

function entryOf({ inspected, seen, spans }: HarExchange, origin: string) {
  const up = side(seen.parts, true)
  const down = side(seen.parts, false)
  const [, target = '/'] = up.start.split(' ')
  const url = `${origin}${target}`
  const timings = { send: spans.up ?? 0, wait: spans.server ?? 0, receive: spans.down ?? 0 }
  const firstMs = inspected.parts[0]?.at ?? 0
  const kind = inspected.transport === null ? 'poll' : transports[inspected.transport].kind
  return {
    startedDateTime: new Date(firstMs - timings.send).toISOString(),
    time: timings.send + timings.wait + timings.receive,
    request: {
      method: up.start.split(' ')[0] ?? '',
      url,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: up.headers,
      queryString: Array.from(URL.parse(url)?.searchParams ?? [], ([name, value]) => ({ name, value })),
      ...(up.text !== '' && { postData: { mimeType: up.mimeType, params: [], text: up.text } }),
      headersSize: up.headersSize,
      bodySize: up.bodySize,
    },
    response: {
      status: down.start === '' ? 0 : statusOf(down.start),
      statusText: down.start.split(' ').slice(2).join(' '),
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: down.headers,
      content: { size: new TextEncoder().encode(down.text).length, mimeType: down.mimeType, text: down.text },
      redirectURL: '',
      headersSize: down.headersSize,
      bodySize: down.bodySize,
    },
    cache: {},
    timings,
    connection: String(inspected.connection),
    comment: commentOf(inspected, seen, spans),
    _resourceType:
      kind === 'socket' ? 'websocket' : down.mimeType.startsWith('text/event-stream') ? 'eventsource' : 'fetch',
    ...(kind === 'socket' && { _webSocketMessages: messagesOf(seen.parts) }),
  }
}

/**
 * Returns the request or the response of an exchange. Each size is a number of bytes on the wire; a size is -1 if the
 * request or response has not begun.
 */
function side(parts: readonly SeenPart[], isUp: boolean) {
  const all = parts.filter(({ part }) => part.up === isUp && part.is !== 'frame')
  const heads = all.flatMap(({ part, bytes }) => (part.is === 'head' ? [{ text: part.text, bytes }] : []))
  const [{ text: head, bytes: headersSize } = { text: '', bytes: -1 }] = heads
  const [start = '', ...fields] = head.trimEnd().split('\r\n')
  const body = all.filter(({ part }) => part.is !== 'head')
  return {
    head,
    start,
    headers: fields.map((field) => {
      const at = field.indexOf(':')
      return { name: field.slice(0, at), value: field.slice(at + 1).trim() }
    }),
    mimeType: fieldOf(head, 'content-type') ?? '',
    headersSize,
    bodySize: head === '' ? -1 : body.reduce((sum, { bytes }) => sum + bytes, 0),
    text: body.map(({ carried }) => textOf(carried)).join(''),
  }
}

/**
 * Returns a WebSocket's messages in the fields that Chromium writes. Several frames of one message become one entry.
 */
function messagesOf(parts: readonly SeenPart[]) {
  const messages: { type: 'send' | 'receive'; time: number; opcode: number; data: string }[] = []
  for (const { part, carried } of parts) {
    if (part.is !== 'frame') continue
    const type = part.up ? 'send' : 'receive'
    const begun = part.opcode === 0 ? messages.findLast((message) => message.type === type && message.opcode < 8) : null
    if (begun) begun.data += textOf(carried)
    else messages.push({ type, time: part.at / 1000, opcode: part.opcode, data: textOf(carried) })
  }
  return messages
}

function commentOf({ exchange, lane }: Inspected, { parts }: VisibleExchange, { up, server, down }: Spans): string {
  const dropped = parts.reduce((sum, { part }) => (part.is === 'dropped' ? sum + part.bytes : sum), 0)
  const unknown = Object.entries({ send: up, wait: server, receive: down }).flatMap(([name, ms]) =>
    ms === null ? name : [],
  )
  return [
    `Exchange ${exchange} of lane ${lane}.`,
    unknown.length > 0 ? `Unknown durations that are 0 here: ${unknown.join(', ')}.` : '',
    dropped > 0 ? `The server no longer keeps ${dropped} of its bytes.` : '',
  ]
    .filter(Boolean)
    .join(' ')
}
