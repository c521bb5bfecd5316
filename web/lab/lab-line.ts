/** Connects a page to the lab by WebSocket. If the network refuses WebSockets, connects the page by plain HTTP. */
import type { Problem } from '../../server/protocol/feed.ts'
import type { LabMessage, LabRequest } from '../../server/protocol/lab.ts'
import type { ShowNews, ShowRequest } from '../../server/protocol/show.ts'
import { now } from '../now.ts'

export interface LabLine {
  readonly isOpen: boolean
  /** Sends a request to the lab. Drops the request if the line is not open yet. */
  send(request: LabRequest | ShowRequest): void
  /** Closes the line. The line then does not call `closed`. */
  close(): void
}

export interface LineEnds {
  readonly origin: string
  readonly room: string
  /** Prefix of the name that each lane of this page has at the server. */
  readonly page: string
  /** The line calls this with each message of the lab. `atMs` is the message's time of arrival on this page's clock. */
  heard(message: LabMessage | ShowNews, atMs: number): void
  /** The line calls this once, when the page or the server has closed the line. */
  closed(): void
}

export function bySocket({ origin, room, page, heard, closed }: LineEnds): LabLine {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/lab?room=${room}&page=${page}`)
  socket.onmessage = ({ data }) => {
    const atMs = now()
    heard(JSON.parse(String(data)), atMs)
  }
  // After an error, the browser always closes the socket too.
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
 * Opens a line over plain HTTP. Messages come by an event stream, and requests go by POST. The page reads the clock by
 * GET, because a network may refuse a POST.
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
  // EventSource would reconnect by itself, but the server would take the new connection for a new line.
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
      // Nothing has to handle a failed request here. If the server is silent, lab.ts notices the silence. If the line
      // is closed, nobody waits for the response.
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

  async function say(line: string, request: LabRequest | ShowRequest): Promise<void> {
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
