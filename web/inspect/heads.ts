/** Explains the lines of a request head or response head. */
import { BREAK, line } from './line.ts'
import type { InspectorLine } from './line.ts'

export function headLines(text: string): readonly InspectorLine[] {
  const [first = '', ...rest] = text.replace(/(?:\r\n)+$/, '').split('\r\n')
  return [
    first.startsWith('HTTP/') ? statusLine(first) : requestLine(first),
    ...rest.map(field),
    line(BREAK, 'a blank line ends the head'),
  ]
}

/** Returns how many bytes of a request head are the same in every request of this browser. */
export function usualBytes(text: string): number {
  const usual = headLines(text).filter(({ kind }) => kind === 'usual')
  return usual.reduce((sum, { bytes }) => sum + bytes.length + '\r\n'.length, 0)
}

/** Returns the value of a header field; undefined if the head does not contain the field. */
export function fieldOf(text: string, name: string): string | undefined {
  const start = `${name}:`
  return text
    .split('\r\n')
    .find((one) => one.toLowerCase().startsWith(start))
    ?.slice(start.length)
    .trim()
}

export function statusOf(text: string): number {
  return Number(text.split(' ')[1])
}

function requestLine(first: string): InspectorLine {
  const [method = '', target = ''] = first.split(' ')
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1))
  const says = [
    method === 'POST' ? 'POST: the body is published' : '',
    query.has('after') ? 'after: the cursor, up to which this lane has all events' : '',
    query.has('wait') ? `wait: the server may hold the request for ${query.get('wait')} s` : '',
    query.has('last') ? 'last: the number of earlier events that are wanted' : '',
    query.has('lane') ? 'lane: the lane for which the meter counts these bytes' : '',
  ]
  return line(first, says.filter(Boolean).join('; ') || 'the requested address', 'meant')
}

function statusLine(first: string): InspectorLine {
  const status = statusOf(first)
  return line(first, STATUS[status] ?? (status >= 400 ? 'refused, with the reason in the body' : ''), 'meant')
}

const STATUS: Readonly<Record<number, string>> = {
  101: 'HTTP ends here; after this head, both sides send frames (RFC 6455, 4.2.2)',
  200: 'the request succeeded',
  201: 'the message is stored, and is being delivered to everybody',
  204: 'there is nothing new after the cursor, so the response is empty',
  304: 'not changed: the browser already has this content',
  400: 'the request is invalid; the body says what is valid',
  403: 'refused',
  404: 'nothing exists at this address',
  413: 'the request is too large',
  421: 'this server does not serve this host name (RFC 9110, 15.5.20)',
  426: 'this address needs a WebSocket',
  429: 'too many requests; the client has to try again later',
  503: 'unavailable for now; the client has to try again',
}

function field(text: string): InspectorLine {
  const at = text.indexOf(':')
  const name = text.slice(0, at).toLowerCase()
  const value = text.slice(at + 1).trim()
  const [kind, meaning] = FIELDS[name] ?? (name.startsWith('sec-ch-ua') ? HINT : (['plain', ''] as const))
  return line(text, typeof meaning === 'string' ? meaning : meaning(value), kind)
}

type Field = readonly [InspectorLine['kind'], string | ((value: string) => string)]

const HINT: Field = ['usual', 'a detail about the browser, not used here']

const FIELDS: Readonly<Record<string, Field>> = {
  host: ['usual', 'the host name, because one address can serve several sites (RFC 9110, 7.2)'],
  connection: [
    'plain',
    (value) =>
      /upgrade/i.test(value)
        ? 'Upgrade is only for the next hop, not to be passed on (RFC 9110, 7.6.1)'
        : /close/i.test(value)
          ? 'the connection ends with this response'
          : 'the connection stays open for the next request (RFC 9112, 9.3)',
  ],
  'keep-alive': ['plain', 'the number of seconds that an idle connection stays open'],
  'user-agent': ['usual', 'the name of the browser, not used here'],
  accept: [
    'usual',
    (value) =>
      value.includes('event-stream')
        ? 'EventSource accepts only an event stream (WHATWG HTML, 9.2)'
        : 'the accepted types of the response (RFC 9110, 12.5.1)',
  ],
  'accept-encoding': ['usual', 'the compressions that the browser can decode; the feed uses none'],
  'accept-language': ['usual', 'the person’s languages, not used here'],
  'sec-fetch-site': ['usual', 'whether the page is of the same origin (Fetch Metadata)'],
  'sec-fetch-mode': ['usual', 'the mode of the request, such as cors or websocket (Fetch Metadata)'],
  'sec-fetch-dest': ['usual', 'the use of the response, such as a script or an image (Fetch Metadata)'],
  'sec-fetch-storage-access': ['usual', 'whether the page may use its cookies'],
  priority: ['usual', 'the urgency of the request (RFC 9218)'],
  dnt: ['usual', 'the person does not want to be tracked'],
  'sec-gpc': ['usual', 'the person does not want personal data to be sold or shared'],
  referer: ['usual', 'the page that sends the request (RFC 9110, 10.1.3)'],
  origin: ['plain', 'the origin of the page; this server refuses pages of other origins (RFC 6454, 7)'],
  cookie: ['plain', 'a credential that identifies the person, masked'],
  authorization: ['plain', 'a credential that identifies the person, masked (RFC 9110, 11.6.2)'],
  pragma: ['usual', 'the same as cache-control, for very old caches'],
  'cache-control': [
    'plain',
    (value) =>
      value.includes('no-store')
        ? `no cache may store it${value.includes('no-transform') ? ', and no proxy may compress it' : ''} (RFC 9111, 5.2)`
        : 'a cache has to ask the server first (RFC 9111, 5.2)',
  ],
  'last-event-id': ['meant', 'the last id that EventSource received before the cut; the stream resumes after it'],
  'idempotency-key': ['meant', 'a repeated request with the same key publishes no second message'],
  prefer: ['meant', 'the time for which the server may hold the request (RFC 7240, 4.3)'],
  'content-type': [
    'plain',
    (value) =>
      value.includes('event-stream') ? 'the response is a stream of events' : 'the type of the body (RFC 9110, 8.3)',
  ],
  'content-length': ['plain', (value) => `the body has ${value} bytes (RFC 9110, 8.6)`],
  'transfer-encoding': [
    'meant',
    'the length is not known yet, so the body comes in chunks, each with its size (RFC 9112, 7.1)',
  ],
  upgrade: ['meant', 'the protocol that both sides use after this exchange (RFC 9110, 7.8)'],
  'sec-websocket-key': ['meant', '16 random bytes in Base64, from which the server computes its response'],
  'sec-websocket-accept': ['meant', 'computed from the key; it proves that the server knows WebSocket'],
  'sec-websocket-version': ['plain', 'the version of the protocol: 13 is RFC 6455'],
  'sec-websocket-extensions': [
    'plain',
    'the browser offers compression; this server declines, so every frame is readable',
  ],
  'sec-websocket-protocol': ['plain', 'the protocol that the frames contain'],
  date: ['usual', 'the time of the response, in whole seconds'],
  'retry-after': ['meant', 'the number of seconds before the next attempt (RFC 9110, 10.2.3)'],
  'preference-applied': ['meant', 'the wait that the server really uses (RFC 7240, 3)'],
  'x-accel-buffering': ['plain', 'tells nginx to pass on each piece at once, without buffering'],
  'x-content-type-options': ['usual', 'tells the browser not to guess another type'],
  'referrer-policy': ['usual', 'tells the browser not to send this page’s address to other sites'],
  'cross-origin-resource-policy': ['usual', 'tells the browser that other sites may not embed this response'],
  'cross-origin-opener-policy': ['usual', 'tells the browser to isolate this page in a separate process'],
  'cross-origin-embedder-policy': ['usual', 'tells the browser to isolate this page in a separate process'],
  vary: ['usual', 'tells caches on which request fields the response depends (RFC 9110, 12.5.5)'],
  etag: [
    'usual',
    'the version of the content, with which a browser can ask later whether it has changed (RFC 9110, 8.8.3)',
  ],
  server: ['usual', 'the name of the server software'],
}
