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
  close(): void
}

export function createExchange(): HttpExchange {
  let socket: Socket | null = null
  /** Use of the connections that are closed. */
  let before: NetworkUsage = { bytesUp: 0, bytesDown: 0, requests: 0 }
  let requests = 0
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
    close() {
      waiting = null
      socket?.destroy()
    },
  }

  function connect(url: URL): Socket {
    const opened = openSocket(url)
    let head: ResponseHead = { status: 0, fields: new Map() }
    let parts: Buffer[] = []
    let atMs = 0
    const read = createResponseReader({
      head: (read) => (head = read),
      body: (bytes) => parts.push(bytes),
      end() {
        const reply = { ...head, text: Buffer.concat(parts).toString(), atMs }
        parts = []
        // The server announces that it closes the connection, so the next request must not use it.
        if (head.fields.get('connection')?.toLowerCase() === 'close') lose('')
        waiting?.resolve(reply)
      },
    })
    opened.on('data', (bytes: Buffer) => {
      atMs = now()
      try {
        read(bytes)
      } catch (error) {
        opened.destroy(error instanceof Error ? error : undefined)
      }
    })
    opened.on('error', (error) => lose(error.message))
    opened.on('close', () => lose('the server closed the connection'))
    return opened

    function lose(why: string): void {
      if (socket !== opened) return
      before = { ...sum(before, opened), requests }
      socket = null
      opened.destroy()
      if (why !== '') waiting?.reject(new Error(why))
    }
  }
}

function sum(before: NetworkUsage, socket: Socket | null): Omit<NetworkUsage, 'requests'> {
  const now = socket ? bytesOf(socket) : { bytesUp: 0, bytesDown: 0 }
  return { bytesUp: before.bytesUp + now.bytesUp, bytesDown: before.bytesDown + now.bytesDown }
}
