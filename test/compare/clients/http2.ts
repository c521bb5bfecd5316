/** Requests over HTTP/2: all of them are streams of one connection. */
import { connect } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { NetworkUsage } from '../adapter.ts'
import { now } from '../now.ts'
import type { HttpExchange, HttpReply, Pieces } from './http.ts'
import type { ResponseHead } from './response.ts'
import { NO_HTTP2, openSocket, reasonOf, tlsHint, withHeaders } from './socket.ts'
import type { CountedSocket, Connecting } from './socket.ts'

interface OpenSession {
  readonly session: ClientHttp2Session
  readonly counted: CountedSocket
  /** Reason why the connection failed; null if there is none. */
  failure: string | null
  /** Reason if the connection ends now. Before its first frame, the server may have no HTTP/2. */
  ending: string
}

const CLOSED = 'the server closed the connection'

/** Opens the connection with the first request, and a new one if it is lost. Without TLS it sends HTTP/2 at once. */
export function createHttp2Exchange(connecting: Connecting): HttpExchange {
  let open: OpenSession | null = null
  /** Use of the connections that are closed. */
  let before = { bytesUp: 0, bytesDown: 0 }
  let requests = 0
  let isPaused = false
  let isClosed = false
  /** The last request. */
  let last: ClientHttp2Stream | null = null

  return {
    ask(method, url, fields = {}, body = '', pieces) {
      const used = open ?? (open = openSession(url))
      requests += 1
      return new Promise((resolve, reject) => {
        const stream = used.session.request(
          {
            ':method': method,
            ':path': url.pathname + url.search,
            ':authority': url.host,
            ...withHeaders(fields, connecting.headers),
          },
          { endStream: body === '' },
        )
        if (body !== '') stream.end(body)
        last = stream
        readStream(stream, pieces, resolve, (why) => {
          if (!isClosed) reject(new Error(used.failure ?? why ?? used.ending))
        })
        if (isPaused) stream.pause()
      })
    },
    get usage(): NetworkUsage {
      const now = open?.counted.bytes() ?? { bytesUp: 0, bytesDown: 0 }
      return { bytesUp: before.bytesUp + now.bytesUp, bytesDown: before.bytesDown + now.bytesDown, requests }
    },
    pause() {
      isPaused = true
      last?.pause()
    },
    resume() {
      isPaused = false
      last?.resume()
    },
    close() {
      isClosed = true
      open?.session.destroy()
      open?.counted.socket.destroy()
    },
  }

  function openSession(url: URL): OpenSession {
    const counted = openSocket(url, connecting, 'h2')
    const { socket } = counted
    const session = connect(url, { createConnection: () => socket })
    const opened: OpenSession = { session, counted, failure: null, ending: `${NO_HTTP2}${tlsHint(url)}` }
    const lose = (why: string): void => {
      opened.failure ??= why
      if (open !== opened) return
      const { bytesUp, bytesDown } = counted.bytes()
      before = { bytesUp: before.bytesUp + bytesUp, bytesDown: before.bytesDown + bytesDown }
      open = null
      session.destroy()
      socket.destroy()
    }
    // Without the protocol in the handshake, the server would take the first bytes for HTTP/1.1.
    socket.once('secureConnect', () => {
      if ((socket as TLSSocket).alpnProtocol !== 'h2') lose(NO_HTTP2)
    })
    socket.once('error', (error) => lose(reasonOf(error)))
    session.once('error', (error) => lose(http2ReasonOf(error)))
    session.once('remoteSettings', () => (opened.ending = CLOSED))
    for (const end of ['goaway', 'close'] as const) session.once(end, () => lose(opened.ending))
    return opened
  }
}

function readStream(
  stream: ClientHttp2Stream,
  pieces: Pieces | undefined,
  resolve: (reply: HttpReply) => void,
  reject: (why?: string) => void,
): void {
  let head: ResponseHead = { status: 0, fields: new Map() }
  const parts: Buffer[] = []
  let atMs = 0
  stream.on('ready', () => pieces?.sent?.())
  stream.on('response', ({ ':status': status = 0, ...fields }) => {
    head = { status, fields: new Map(Object.entries(fields).map(([name, value]) => [name, String(value)])) }
    pieces?.head?.(head)
  })
  stream.on('data', (bytes: Buffer) => {
    atMs = now()
    if (pieces?.body) pieces.body(bytes, atMs)
    else parts.push(bytes)
  })
  stream.on('end', () => {
    if (head.status > 0) resolve({ ...head, text: Buffer.concat(parts).toString(), atMs })
  })
  stream.on('error', (error) => reject(http2ReasonOf(error)))
  stream.on('close', () => reject())
}

/** A server without HTTP/2 responds to the first bytes with an error of HTTP/1.1, which is no frame. */
const http2ReasonOf = (error: NodeJS.ErrnoException): string =>
  error.code === 'ERR_HTTP2_ERROR' ? NO_HTTP2 : reasonOf(error)
