/** A fake server for a student's client that uses `fetch`. The check decides the response to each request. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { listen } from './port.ts'

/** A request of a client. */
export interface AskedRequest {
  /** `GET /feed/room/poll?after=k3.5` */
  readonly asked: string
  /** Cursor in the address; null without one. */
  readonly after: string | null
  /** Header `Last-Event-ID`; null without one. */
  readonly lastEventId: string | null
  /** True when the client has given up the request, or the response has ended. */
  readonly isOver: boolean
  /** Sends a whole response. A body that is no text is sent as JSON. */
  respond(status: number, body?: unknown): void
  /** Begins a response that does not end. */
  stream(type: string): void
  /** Writes more of the response that `stream` has begun. Resolves when the kernel has taken the bytes. */
  write(text: string | Uint8Array): Promise<void>
  /** Ends the response that `stream` has begun. */
  end(): void
  /** Cuts the connection. */
  cut(): void
}

export interface FakeHttp extends AsyncDisposable {
  readonly origin: string
  /** Requests in the order in which they arrived. */
  readonly requests: readonly AskedRequest[]
}

export async function startFakeHttp(): Promise<FakeHttp> {
  const requests: AskedRequest[] = []
  const server = createServer((request, response) => void requests.push(requestOf(request, response)))
  const port = await listen(server)
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    // Open requests end when the client is stopped, which happens at the end of the check. If they were cut here, a client
    // without a handler for errors would crash in a check that is about something else.
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

function requestOf({ method, url = '', headers, socket }: IncomingMessage, response: ServerResponse): AskedRequest {
  // With one connection for each request, a cut concerns only one request.
  response.setHeader('connection', 'close').setHeader('cache-control', 'no-store')
  response.on('error', () => {})
  return {
    asked: `${method} ${url}`,
    after: new URL(url, 'http://here').searchParams.get('after'),
    lastEventId: headers['last-event-id']?.toString() ?? null,
    get isOver() {
      return response.closed || socket.destroyed
    },
    respond(status, body) {
      response.statusCode = status
      if (body === undefined) return void response.end()
      const isText = typeof body === 'string'
      response.setHeader('content-type', isText ? 'text/html' : 'application/json')
      response.end(isText ? body : JSON.stringify(body))
    },
    stream(type) {
      response.writeHead(200, { 'content-type': type })
      response.flushHeaders()
    },
    write: (text) => new Promise((resolve) => response.write(text, () => resolve())),
    end: () => void response.end(),
    cut: () => void socket.destroy(),
  }
}
