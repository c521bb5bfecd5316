/** Connects a page to the lab: by WebSocket, or by plain HTTP if the network refuses WebSockets. */
import type { Problem } from '../../server/protocol/feed.ts'
import type { LabMessage, LabRequest } from '../../server/protocol/lab.ts'
import { now } from '../now.ts'

export interface LabLine {
  readonly isOpen: boolean
  /** Sends a request. If the line is not open yet, the request is dropped. */
  send(request: LabRequest): void
  /** Closes the line without a call of `closed`. */
  close(): void
}

export interface LineEnds {
  readonly origin: string
  readonly room: string
  /** Prefix of the names of this page's lanes. */
  readonly page: string
  /** Called with each message. `atMs` is its time of arrival on this page's clock. */
  heard(message: LabMessage, atMs: number): void
  /** Called once when the line has closed, at either end. */
  closed(): void
}

export function bySocket({ origin, room, page, heard, closed }: LineEnds): LabLine {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/lab?room=${room}&page=${page}`)
  socket.onmessage = ({ data }) => {
    const atMs = now()
    heard(JSON.parse(String(data)), atMs)
  }
  // An error is always followed by a close.
  socket.onclose = closed
  return {
    get isOpen() {
      return socket.readyState === WebSocket.OPEN
    },
    send(request) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request))
    },
    close() {
      socket.onmessage = socket.onclose = null
      socket.close()
    },
  }
}

/**
 * Line over HTTP: messages come by an event stream, and requests go by POST. The clock is read by GET, because a
 * network may refuse a POST.
 */
export function byHttp({ origin, room, page, heard, closed }: LineEnds): LabLine {
  const stream = new EventSource(`${origin}/lab/sse?room=${room}&page=${page}`)
  const leaving = new AbortController()
  const { signal } = leaving
  let line: string | null = null
  stream.addEventListener('line', ({ data }) => (line = String(data)))
  stream.onmessage = ({ data }) => {
    const atMs = now()
    heard(JSON.parse(String(data)), atMs)
  }
  // EventSource would reconnect by itself, but to the server that would be a new line.
  stream.onerror = () => {
    close()
    closed()
  }
  return {
    get isOpen() {
      return line !== null && stream.readyState === EventSource.OPEN
    },
    send(request) {
      if (line === null) return
      const asked = request.type === 'clock' ? askTime(request.t0) : say(line, request)
      // A failed request needs no handling here. If the server is silent, lab.ts notices it; if the line is closed,
      // no response is needed.
      asked.catch(() => {})
    },
    close,
  }

  function close(): void {
    leaving.abort()
    stream.onmessage = stream.onerror = null
    stream.close()
  }

  async function askTime(t0: number): Promise<void> {
    const response = await fetch(`${origin}/lab/clock?room=${room}&t0=${t0}`, { cache: 'no-store', signal })
    const atMs = now()
    if (response.ok) heard(await response.json(), atMs)
  }

  async function say(line: string, request: LabRequest): Promise<void> {
    const response = await fetch(`${origin}/lab/say?line=${line}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal,
    })
    if (response.ok) return
    const { code, detail: message, remedy }: Problem = await response.json()
    heard({ type: 'error', code, message, remedy }, now())
  }
}
