/** Explains the lines of a request head or response head. */
import { BREAK, line } from './line.ts'
import type { InspectorLine } from './line.ts'

export function headLines(text: string): readonly InspectorLine[] {
  const [first = '', ...rest] = text.replace(/(?:\r\n)+$/, '').split('\r\n')
  return [
    first.startsWith('HTTP/') ? statusLine(first) : requestLine(first),
    ...rest.map(field),
    line(BREAK, 'a blank line: the end of the head'),
  ]
}

/** Number of bytes in a head that every request of this browser contains. */
export function usualBytes(text: string): number {
  const usual = headLines(text).filter(({ kind }) => kind === 'usual')
  return usual.reduce((sum, { bytes }) => sum + bytes.length + '\r\n'.length, 0)
}

/** Value of a header field; undefined if the head does not contain it. */
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
    method === 'POST' ? 'something to publish' : '',
    query.has('after') ? 'after: the cursor, what this lane has already' : '',
    query.has('wait') ? `wait: the server may hold it for ${query.get('wait')} s` : '',
    query.has('last') ? 'last: so many from before' : '',
    query.has('lane') ? 'lane: whose bytes these are, for the meter' : '',
  ]
  return line(first, says.filter(Boolean).join('; ') || 'what is asked for', 'meant')
}

function statusLine(first: string): InspectorLine {
  const status = statusOf(first)
  return line(first, STATUS[status] ?? (status >= 400 ? 'no, and the body says why' : ''), 'meant')
}

const STATUS: Readonly<Record<number, string>> = {
  101: 'HTTP ends here; from the next byte on, frames go both ways (RFC 6455, 4.2.2)',
  200: 'here it is',
  201: 'accepted: stored, and on its way to everybody',
  204: 'nothing new since the cursor: a whole exchange, and nothing in it',
  304: 'as you have it already',
  400: 'the request does not fit; the body says what would',
  403: 'refused',
  404: 'nothing is there',
  413: 'too much at once',
  421: 'this name is not this server’s (RFC 9110, 15.5.20)',
  426: 'only by WebSocket',
  429: 'too many at once: later',
  503: 'not now; try again',
}

function field(text: string): InspectorLine {
  const at = text.indexOf(':')
  const name = text.slice(0, at).toLowerCase()
  const value = text.slice(at + 1).trim()
  const [kind, meaning] = FIELDS[name] ?? (name.startsWith('sec-ch-ua') ? HINT : (['plain', ''] as const))
  return line(text, typeof meaning === 'string' ? meaning : meaning(value), kind)
}

type Field = readonly [InspectorLine['kind'], string | ((value: string) => string)]

const HINT: Field = ['usual', 'which browser, in pieces; unused here']

const FIELDS: Readonly<Record<string, Field>> = {
  host: ['usual', 'which site at this address (RFC 9110, 7.2)'],
  connection: [
    'plain',
    (value) =>
      /upgrade/i.test(value)
        ? 'Upgrade is for the next on the way only (RFC 9110, 7.6.1)'
        : /close/i.test(value)
          ? 'the connection ends with this answer'
          : 'the connection stays for the next request (RFC 9112, 9.3)',
  ],
  'keep-alive': ['plain', 'how many seconds it is kept in silence'],
  'user-agent': ['usual', 'which browser; unused here'],
  accept: [
    'usual',
    (value) =>
      value.includes('event-stream')
        ? 'EventSource wants a stream of events (WHATWG HTML, 9.2)'
        : 'which answers will do (RFC 9110, 12.5.1)',
  ],
  'accept-encoding': ['usual', 'compressions it can undo; the feed uses none'],
  'accept-language': ['usual', 'the person’s languages; unused here'],
  'sec-fetch-site': ['usual', 'from a page of which origin (Fetch Metadata)'],
  'sec-fetch-mode': ['usual', 'how it is asked for'],
  'sec-fetch-dest': ['usual', 'what the answer will be used as'],
  'sec-fetch-storage-access': ['usual', 'may cookies come along'],
  priority: ['usual', 'how urgent it is (RFC 9218)'],
  dnt: ['usual', 'the person does not want to be followed'],
  'sec-gpc': ['usual', 'the person does not want to be followed'],
  referer: ['usual', 'the page that asks (RFC 9110, 10.1.3)'],
  origin: ['plain', 'whose page asks; this server refuses those of others (RFC 6454, 7)'],
  cookie: ['plain', 'who it is: a credential, masked'],
  authorization: ['plain', 'who it is: a credential, masked (RFC 9110, 11.6.2)'],
  pragma: ['usual', 'the same for very old caches'],
  'cache-control': [
    'plain',
    (value) =>
      value.includes('no-store')
        ? `no cache may keep it${value.includes('no-transform') ? ', nobody may compress it on the way' : ''} (RFC 9111, 5.2)`
        : 'no cache may answer by itself (RFC 9111, 5.2)',
  ],
  'last-event-id': ['meant', 'where EventSource was when it lost the stream: goes on from here'],
  'idempotency-key': ['meant', 'sent again with the same key it is still one message'],
  prefer: ['meant', 'for how long the server may hold the request (RFC 7240, 4.3)'],
  'content-type': [
    'plain',
    (value) =>
      value.includes('event-stream') ? 'an answer of events, one behind the other' : 'what the body is (RFC 9110, 8.3)',
  ],
  'content-length': ['plain', (value) => `the body is whole after ${value} bytes (RFC 9110, 8.6)`],
  'transfer-encoding': ['meant', 'the length is not known yet: it comes in chunks, each with its size (RFC 9112, 7.1)'],
  upgrade: ['meant', 'the protocol that both go on with (RFC 9110, 7.8)'],
  'sec-websocket-key': ['meant', '16 bytes at random in Base64; the answer has to be worked out from them'],
  'sec-websocket-accept': ['meant', 'worked out from the key: proves that a WebSocket server answers'],
  'sec-websocket-version': ['plain', '13 is the one of RFC 6455'],
  'sec-websocket-extensions': [
    'plain',
    'compression is offered; this server takes up none, and every frame is readable',
  ],
  'sec-websocket-protocol': ['plain', 'which language is spoken inside the frames'],
  date: ['usual', 'when it was answered, to the second'],
  'retry-after': ['meant', 'ask again after so many seconds (RFC 9110, 10.2.3)'],
  'preference-applied': ['meant', 'the wait that the server really keeps (RFC 7240, 3)'],
  'x-accel-buffering': ['plain', 'for nginx: pass on each piece at once, collect nothing'],
  'x-content-type-options': ['usual', 'for the browser: guess no other type'],
  'referrer-policy': ['usual', 'for the browser: tell others no address'],
  'cross-origin-resource-policy': ['usual', 'for the browser: others may not embed it'],
  'cross-origin-opener-policy': ['usual', 'for the browser: a process of its own'],
  'cross-origin-embedder-policy': ['usual', 'for the browser: a process of its own'],
  vary: ['usual', 'for caches: on which fields the answer depends (RFC 9110, 12.5.5)'],
  etag: ['usual', 'names this state of it, to ask later whether it changed (RFC 9110, 8.8.3)'],
  server: ['usual', 'which software answers'],
}
