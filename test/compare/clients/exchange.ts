/** Requests and responses, one after the other, over a connection that is kept open. */
import type { Socket } from 'node:net'
import type { NetworkUsage } from '../adapter.ts'
import { now } from '../now.ts'
import { createResponseReader } from './response.ts'
import type { ResponseHead } from './response.ts'
import { bytesOf, openSocket, requestText } from './socket.ts'

export interface HttpReply extends ResponseHead {
  readonly text: string
  /** Time at which the last bytes were read. */
  readonly atMs: number
}

export interface HttpExchange {
  /**
   * Sends a request. Rejects if the connection is lost. If the server has closed an idle connection, the request opens
   * a new one. Only one request may be under way.
   */
  ask(method: string, url: URL, fields?: Readonly<Record<string, string>>, body?: string): Promise<HttpReply>
  readonly usage: NetworkUsage
  /** Stops reading responses, until `resume` is called. */
  pause(): void
  resume(): void
  close(): void
}

export function createExchange(): HttpExchange {
  let socket: Socket | null = null
  /** Use of the connections that are closed. */
  let before: NetworkUsage = { bytesUp: 0, bytesDown: 0, requests: 0 }
  let requests = 0
  let isPaused = false
  let waiting: { resolve(reply: HttpReply): void; reject(error: Error): void } | null = null

  return {
    ask(method, url, fields = {}, body = '') {
      const open = socket ?? (socket = connect(url))
      const length = body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) }
      requests += 1
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        open.write(requestText(method, url, { ...fields, ...length }, body))
      })
    },
    get usage() {
      return { ...sum(before, socket), requests }
    },
    pause() {
      isPaused = true
      socket?.pause()
    },
    resume() {
      isPaused = false
      socket?.resume()
    },
    close() {
      waiting = null
      socket?.destroy()
    },
  }

  function connect(url: URL): Socket {
    const opened = openSocket(url)
    let head = NO_HEAD
    let parts: Buffer[] = []
    let atMs = 0
    const read = createResponseReader({
      head: (read) => (head = read),
      body: (bytes) => parts.push(bytes),
      end: () => finish(head.fields.get('connection')?.toLowerCase() === 'close'),
    })
    opened.on('data', (bytes: Buffer) => {
      atMs = now()
      try {
        read(bytes)
      } catch (error) {
        opened.destroy(error instanceof Error ? error : undefined)
      }
    })
    opened.on('end', () => {
      if (endsWithConnection(head)) finish(true)
    })
    opened.on('error', (error) => lose(error.message))
    opened.on('close', () => lose('the server closed the connection'))
    if (isPaused) opened.pause()
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
      if (socket !== opened) return
      before = { ...sum(before, opened), requests }
      socket = null
      opened.destroy()
      if (why !== '') waiting?.reject(new Error(why))
    }
  }
}

const NO_HEAD: ResponseHead = { status: 0, fields: new Map() }

/** Returns true if only the end of the connection shows where the body ends (RFC 9112, section 6.3). */
const endsWithConnection = ({ status, fields }: ResponseHead): boolean =>
  status > 0 && !fields.has('content-length') && !fields.has('transfer-encoding')

function sum(before: NetworkUsage, socket: Socket | null): Omit<NetworkUsage, 'requests'> {
  const now = socket ? bytesOf(socket) : { bytesUp: 0, bytesDown: 0 }
  return { bytesUp: before.bytesUp + now.bytesUp, bytesDown: before.bytesDown + now.bytesDown }
}
