/**
 * The catalogue of all errors. Each error has a sentence that quotes the wrong value, and a remedy that says what the
 * client can do. The server sends an error as `application/problem+json` (RFC 9457) over HTTP, and as
 * `{"type":"error"}` over a WebSocket.
 */
import type { ErrorMessage, Problem } from '../protocol/feed.ts'

interface Entry {
  readonly status: number
  readonly title: string
  readonly remedy: string
  /**
   * Number of seconds after which the client should try again. The server sends this number as Retry-After (RFC 9110,
   * section 10.2.3).
   */
  readonly retryAfterS?: number
  /** Headers that each HTTP response with this error has. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A response with status 401 must name the way to authenticate (RFC 9110, section 15.5.2). */
const SCHEME = { 'www-authenticate': 'Bearer realm="fourwire"' }

export const CATALOGUE = {
  'bad-request': { status: 400, title: 'Not a valid HTTP request', remedy: 'Send HTTP/1.1 as RFC 9112 describes it.' },
  'bad-url': { status: 400, title: 'Address cannot be decoded', remedy: 'Percent-encode the path as UTF-8.' },
  'bad-room': { status: 400, title: 'Bad room name', remedy: 'Use 1 to 32 of the characters a-z, 0-9 and "-".' },
  'bad-cursor': {
    status: 400,
    title: 'Bad cursor',
    remedy:
      'Use a cursor that the server has sent, or "0" for the earliest event that is kept. Omit "after" to begin with the next event.',
  },
  'bad-parameter': {
    status: 400,
    title: 'Bad parameter',
    remedy: 'See the parameters of this route in /openapi.json.',
  },
  'bad-json': {
    status: 400,
    title: 'Body is not valid JSON',
    remedy: 'Send one JSON object in UTF-8, such as {"user":"Ada","text":"hello"}.',
  },
  'bad-body': { status: 400, title: 'Body has wrong fields', remedy: 'Send {"user":"Ada","text":"hello"}.' },
  'bad-key': {
    status: 400,
    title: 'Bad Idempotency-Key',
    remedy: 'Use 1 to 128 visible ASCII characters, for example a UUID.',
  },
  'bad-settings': {
    status: 400,
    title: 'Bad settings',
    remedy: 'Send {"ratePerSecond":1,"conditions":{"latencyMs":100}}; omitted settings stay unchanged.',
  },
  'not-signed-in': {
    status: 401,
    title: 'Not signed in',
    remedy:
      'Open /sign-in.html in a browser, or POST {"user","password","as":"token"} to /session and send "authorization: Bearer TOKEN".',
    headers: SCHEME,
  },
  'wrong-credentials': {
    status: 401,
    title: 'Wrong credentials',
    remedy: 'Sign in again at /sign-in.html, or by POST /session.',
    headers: SCHEME,
  },
  'session-expired': {
    status: 401,
    title: 'Session is over',
    remedy: 'Sign in again at /sign-in.html, or by POST /session.',
    headers: SCHEME,
  },
  'wrong-password': {
    status: 403,
    title: 'Wrong password',
    remedy: 'Ask the instructor for the password of this class.',
  },
  'name-taken': {
    status: 409,
    title: 'Name is taken',
    remedy: 'Choose another name, or sign out where you are signed in. The instructor can free a name.',
  },
  'too-many-people': {
    status: 429,
    title: 'Too many people',
    remedy: 'Try again when somebody has signed out.',
    retryAfterS: 60,
  },
  'bad-name': {
    status: 400,
    title: 'Bad name',
    remedy: 'Use 1 to 64 visible characters: letters, digits, signs, and single spaces between them.',
  },
  'reserved-name': {
    status: 403,
    title: 'Name is reserved for the instructor',
    remedy: 'Choose another name. If you are the instructor, open the link that the server printed at its start.',
  },
  'wrong-user': {
    status: 403,
    title: 'Not your name',
    remedy: 'Publish under the name with which you signed in, or sign in with another name.',
  },
  muted: {
    status: 403,
    title: 'Muted by the instructor',
    remedy: 'Ask the instructor to let you speak again. You can still read.',
  },
  'removed-person': {
    status: 403,
    title: 'Removed by the instructor',
    remedy: 'Ask the instructor to let you in again.',
  },
  'unknown-message': {
    status: 404,
    title: 'No such message',
    remedy: 'Give the id of a message that the room still has: GET /feed/ROOM/poll?after=0 lists them.',
  },
  'wrong-origin': {
    status: 403,
    title: 'Not allowed from another site',
    remedy: 'Open the page at the address of this server.',
  },
  'not-a-page': {
    status: 403,
    title: 'Address is not a page',
    remedy: 'Request this address with fetch, EventSource, WebSocket or curl.',
  },
  'not-found': { status: 404, title: 'Nothing at this address', remedy: 'See the routes in /openapi.json.' },
  'wrong-method': { status: 405, title: 'Wrong method', remedy: 'Use a method that the Allow header names.' },
  timeout: { status: 408, title: 'Request took too long to arrive', remedy: 'Send the whole request at once.' },
  'bad-change': {
    status: 400,
    title: 'Not a valid change to a board',
    remedy: 'Send {"user":"Ada","type":"task_created","task":{"title":"Draw a map"}}; the schema is in /openapi.json.',
  },
  'unknown-task': {
    status: 404,
    title: 'No such task',
    remedy: 'Somebody may have deleted it. Read the board again with GET /boards/ROOM.',
  },
  'unknown-list': {
    status: 404,
    title: 'No such list',
    remedy: 'Somebody may have deleted it. Read the board again with GET /boards/ROOM.',
  },
  'taken-id': {
    status: 409,
    title: 'Id is already used on the board',
    remedy: 'Omit "id". The server then chooses an id.',
  },
  'list-in-use': { status: 409, title: 'List not empty', remedy: 'Move or delete its tasks first.' },
  'board-full': {
    status: 409,
    title: 'Board full',
    remedy: 'Delete finished tasks, or use another board.',
  },
  'too-large': { status: 413, title: 'Body too large', remedy: 'Send at most 16 KiB.' },
  'wrong-type': { status: 415, title: 'Wrong content type', remedy: 'Send "content-type: application/json".' },
  'coded-body': {
    status: 415,
    title: 'Body has a content coding',
    remedy: 'Send the body without compression and without Content-Encoding.',
    // This response should name the content codings that the server accepts (RFC 9110, section 15.5.16).
    headers: { 'accept-encoding': 'identity' },
  },
  'unmet-expectation': {
    status: 417,
    title: 'Expectation cannot be met',
    remedy: 'Omit the Expect field, or send "expect: 100-continue".',
  },
  'wrong-host': {
    status: 421,
    title: 'Host name not known',
    remedy: 'Use an address that the server printed at its start, or start the server with --allow-host NAME.',
  },
  'key-reused': {
    status: 422,
    title: 'Key was used for another request',
    remedy: 'Use a new key for each message or change. Repeat a key only with exactly the same request.',
  },
  'upgrade-required': {
    status: 426,
    title: 'WebSocket only',
    remedy: 'Connect with a WebSocket client: wscat -c ws://HOST/feed/ROOM/ws',
    // This response must name the protocol and the version to which the client can upgrade (RFC 9110, section 15.5.22,
    // and RFC 6455, section 4.4).
    headers: { connection: 'upgrade, close', upgrade: 'websocket', 'sec-websocket-version': '13' },
  },
  'too-many-messages': {
    status: 429,
    title: 'Too many messages',
    remedy: 'Send the message again in a second. A client may send at most 20 messages a second.',
    retryAfterS: 1,
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for each response before you send the next request, and send fewer requests.',
    retryAfterS: 2,
  },
  'too-many-streams': {
    status: 429,
    title: 'Too many streams and held polls',
    remedy: 'Close a stream, or try again when other clients have left.',
    retryAfterS: 5,
  },
  'too-many-rooms': {
    status: 429,
    title: 'Too many rooms',
    remedy: 'Use a room that already exists, or try again later.',
    retryAfterS: 60,
  },
  'head-too-large': {
    status: 431,
    title: 'Request head too large',
    remedy: 'Send fewer or shorter headers. The limit for all headers together is 16 KiB.',
  },
  internal: {
    status: 500,
    title: 'Error in this server',
    remedy: 'Try again. If the error stays, read the log of the server.',
  },
  'not-implemented': {
    status: 501,
    title: 'Not supported',
    remedy:
      'Use the methods in /openapi.json, and send a body with Content-Length or with "transfer-encoding: chunked".',
  },
  'log-unavailable': {
    status: 503,
    title: 'Event log cannot be written',
    remedy: 'Nothing was published. Try again, and check the disk that --data names.',
    retryAfterS: 1,
  },
  'wrong-version': { status: 505, title: 'HTTP version not supported', remedy: 'Use HTTP/1.1.' },
  // `bad-message`, `unknown-type` and `not-joined` occur only over a WebSocket. The WebSocket stays open after these
  // errors, so the server never sends their status.
  'bad-message': {
    status: 400,
    title: 'Not a valid message',
    remedy: 'Send a JSON object with a "type", such as {"type":"ping"}.',
  },
  'unknown-type': {
    status: 400,
    title: 'Unknown message type',
    remedy: 'Known types: ping, join, leave, typing, message.',
  },
  'not-joined': { status: 400, title: 'Not in that room', remedy: 'Join first: {"type":"join","room":"lobby"}.' },
  'bad-workload': {
    status: 400,
    title: 'Not a workload that can be measured',
    remedy: 'Send {"clients":100,"rate":10,"size":100,"interval":1,"wait":25}; GET /comparison has the limits.',
  },
  'no-comparison': {
    status: 404,
    title: 'No comparison',
    remedy: 'The instructor can start a comparison on the page /choose.',
  },
  'comparison-running': {
    status: 409,
    title: 'A comparison is running already',
    remedy: 'Wait until it has ended, or cancel it.',
  },
  'no-compare-program': {
    status: 501,
    title: 'This server cannot compare',
    remedy: 'Start a server from the repository, which contains the program.',
  },
  'not-driver': {
    status: 409,
    title: 'Another page drives the show',
    remedy: 'Take over first, with {"type":"show","say":"take"}. The other page then only watches.',
  },
  'unknown-scene': {
    status: 404,
    title: 'No such scene',
    remedy: 'Use the id of a scene that the server has sent.',
  },
  'vote-closed': {
    status: 409,
    title: 'Vote is closed',
    remedy: 'Wait for the next question.',
  },
  'no-seat': {
    status: 409,
    title: 'No seat in the class',
    remedy: 'Take a seat first, with {"type":"show","say":"sit","key":"…","name":""}.',
  },
  'other-class': {
    status: 409,
    title: 'Room of another class',
    remedy: 'Open the page again. GET /show returns the room of the present class.',
  },
  'too-many-seats': {
    status: 429,
    title: 'All seats are taken',
    remedy: 'Watch the stage, or share a phone with somebody who has a seat.',
  },
  'not-instructor': {
    status: 403,
    title: 'For the instructor only',
    remedy:
      'Open the page on the server\u2019s own machine, at its loopback address, or give the instructor\u2019s token: in the page\u2019s settings, or as "authorization: Bearer TOKEN".',
  },
  'wrong-token': {
    status: 403,
    title: 'Not the instructor\u2019s token',
    remedy: 'Use the token that the server printed at its start. Each start creates a new token.',
  },
  'too-many-tries': {
    status: 429,
    title: 'Too many wrong tokens or passwords',
    remedy: 'Try again in a minute.',
  },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof CATALOGUE

/** An error that the server reports to a client. `detail` is one sentence that quotes the wrong value. */
export class FeedError extends Error {
  readonly code: ErrorCode
  readonly remedy: string
  readonly statusCode: number
  readonly retryAfterS: number | undefined
  /** Headers that the error adds to the HTTP response. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, detail: string, remedy: string = CATALOGUE[code].remedy, retryAfterS?: number) {
    super(detail)
    const entry: Entry = CATALOGUE[code]
    this.code = code
    this.remedy = remedy
    this.statusCode = entry.status
    this.retryAfterS = retryAfterS ?? entry.retryAfterS
    this.headers = {
      ...entry.headers,
      ...(this.retryAfterS !== undefined && { 'retry-after': String(this.retryAfterS) }),
    }
  }
}

export function problem(error: FeedError): Problem {
  const { title, status } = CATALOGUE[error.code]
  return {
    type: `urn:fourwire:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
  }
}

export function errorMessage(error: FeedError): ErrorMessage {
  return { type: 'error', code: error.code, message: error.message, remedy: error.remedy }
}

const QUOTED_CHARS = 60

/**
 * Returns the text that an error shows for a value. The text is JSON, so that control characters become visible. Cuts
 * off a text that is longer than `QUOTED_CHARS`.
 */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text
}
