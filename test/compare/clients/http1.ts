/** Requests over HTTP/1.1, one after the other. */
import type { NetworkUsage } from '../adapter.ts'
import { now } from '../now.ts'
import type { HttpExchange, HttpReply, Pieces } from './http.ts'
import { createResponseReader } from './response.ts'
import type { ResponseHead } from './response.ts'
import { openSocket, reasonOf, requestText, tlsHint } from './socket.ts'
import type { CountedSocket, Connecting } from './socket.ts'

export function createHttp1Exchange(connecting: Connecting): HttpExchange {
  let counted: CountedSocket | null = null
  /** Use of the connections that are closed. */
  let before: NetworkUsage = { bytesUp: 0, bytesDown: 0, requests: 0 }
  let requests = 0
  let isPaused = false
  let waiting: { resolve(reply: HttpReply): void; reject(error: Error): void } | null = null
  let pieces: Pieces | undefined

  return {
    ask(method, url, fields = {}, body = '', listener) {
      const { socket } = counted ?? (counted = connect(url))
      const length = body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) }
      requests += 1
      pieces = listener
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(requestText(method, url, { ...fields, ...length }, connecting, body), (error) => {
          if (!error) listener?.sent?.()
        })
      })
    },
    get usage() {
      return { ...sum(before, counted), requests }
    },
    pause() {
      isPaused = true
      counted?.socket.pause()
    },
    resume() {
      isPaused = false
      counted?.socket.resume()
    },
    close() {
      waiting = null
      pieces = undefined
      counted?.socket.destroy()
    },
  }

  function connect(url: URL): CountedSocket {
    const opened = openSocket(url, connecting)
    const { socket } = opened
    let head = NO_HEAD
    let parts: Buffer[] = []
    let atMs = 0
    const read = createResponseReader({
      head(read) {
        head = read
        pieces?.head?.(read)
      },
      body: (bytes) => (pieces?.body ? pieces.body(bytes, atMs) : parts.push(bytes)),
      end: () => finish(head.fields.get('connection')?.toLowerCase() === 'close'),
    })
    socket.on('data', (bytes: Buffer) => {
      atMs = now()
      try {
        read(bytes)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : undefined)
      }
    })
    socket.on('end', () => {
      if (endsWithConnection(head)) finish(true)
    })
    socket.on('error', (error) => lose(reasonOf(error)))
    socket.on('close', () =>
      lose(`the server closed the connection${opened.bytes().bytesDown === 0 ? tlsHint(url) : ''}`),
    )
    if (isPaused) socket.pause()
    return opened

    /** Resolves the request. The next request does not use a connection that the server closes. */
    function finish(isLast: boolean): void {
      const reply = { ...head, text: Buffer.concat(parts).toString(), atMs }
      head = NO_HEAD
      parts = []
      if (isLast) lose('')
      waiting?.resolve(reply)
    }

    function lose(why: string): void {
      if (counted !== opened) return
      before = { ...sum(before, opened), requests }
      counted = null
      socket.destroy()
      if (why !== '') waiting?.reject(new Error(why))
    }
  }
}

const NO_HEAD: ResponseHead = { status: 0, fields: new Map() }

/** Returns true if only the end of the connection shows where the body ends (RFC 9112, section 6.3). */
const endsWithConnection = ({ status, fields }: ResponseHead): boolean =>
  status > 0 && !fields.has('content-length') && !fields.has('transfer-encoding')

function sum(before: NetworkUsage, counted: CountedSocket | null): Omit<NetworkUsage, 'requests'> {
  const now = counted?.bytes() ?? { bytesUp: 0, bytesDown: 0 }
  return { bytesUp: before.bytesUp + now.bytesUp, bytesDown: before.bytesDown + now.bytesDown }
}
