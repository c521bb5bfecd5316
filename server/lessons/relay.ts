/**
 * Relays requests to the student's server on this machine. Writes the bytes of each response unchanged to the client's
 * socket. Node's own response would correct mistakes of the student's server.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Upgrade } from '../http/upgrade.ts'
import { createHttpReader } from '../wire/http-reader.ts'

export interface Relay {
  /** Sends `head` and the request's body to the student's server. After this call, the relay controls the response. */
  request(request: IncomingMessage, response: ServerResponse, head: string): void
  /**
   * Sends `head` to the student's server. After a 101, the client's connection and the connection to the student's
   * server form a tunnel.
   */
  upgrade(upgrade: Upgrade, head: string): void
  /**
   * Ends all open responses. A response of known length ends after its last byte. A response of unknown length ends at
   * once.
   */
  leave(): void
}

export interface RelayOptions {
  /** Port of the student's server on 127.0.0.1; null while the student's server does not run. */
  port(): number | null
  /** Called for each new connection to the student's server, with the time in ms that the connection took to open. */
  connected(ms: number): void
  /** Returns true if this client's connection must end after its response. */
  isOutdated(client: Socket): boolean
}

/**
 * Connection to the student's server. Each connection carries the requests of only one client's connection, one request
 * after the other.
 */
interface Upstream {
  readonly socket: Socket
  readonly port: number
  /** Reader of the response for which the relay waits; null between two requests. */
  reader: ResponseReader | null
}

interface ResponseReader {
  data(bytes: Buffer): void
  end(): void
  leave(): void
}

export function createRelay({ port, connected, isOutdated }: RelayOptions): Relay {
  const upstreams = new Map<Socket, Upstream>()

  return {
    request(request, response, head) {
      whenAssigned(response, (client) => {
        const upstream = upstreamOf(client)
        if (!upstream) return
        upstream.reader = readResponse(client, upstream, request.method ?? '', {
          head(status) {
            // Node reads `_header` and `_headerSent` to know that the head has been written.
            Object.assign(response, { statusCode: status, _header: ' ', _headerSent: true })
          },
          end(isLast) {
            // This call of `end` writes no bytes. The call makes Node read the next request of the connection, or end
            // the connection.
            Object.assign(response, { _last: isLast || !response.shouldKeepAlive || isOutdated(client) })
            response.end()
          },
        })
        upstream.socket.write(head, 'latin1')
        sendBody(request, upstream.socket)
      })
    },
    upgrade({ request, socket: client, head: frames }, head) {
      const upstream = upstreamOf(client)
      if (!upstream) return
      upstream.reader = readResponse(client, upstream, request.method ?? '', {
        head() {},
        // After an upgrade, Node reads no further request on this connection.
        end: () => client.destroySoon(),
      })
      upstream.socket.write(head, 'latin1')
      upstream.socket.write(frames)
      send(client, upstream.socket)
      client.on('end', () => upstream.socket.end())
    },
    leave() {
      for (const { reader } of upstreams.values()) reader?.leave()
    },
  }

  /**
   * Returns the connection to the student's server. If the student's server does not run, resets the client's
   * connection and returns null.
   */
  function upstreamOf(client: Socket): Upstream | null {
    // A destroyed client socket has already emitted `close`, so a new upstream would never be closed.
    if (client.destroyed) return null
    const portNow = port()
    if (portNow === null) {
      client.resetAndDestroy()
      return null
    }
    const known = upstreams.get(client)
    if (known?.port === portNow && !known.socket.destroyed) return known
    known?.socket.destroy()
    const upstream = dial(client, portNow)
    upstreams.set(client, upstream)
    return upstream
  }

  function dial(client: Socket, port: number): Upstream {
    const dialledAtMs = performance.now()
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const upstream: Upstream = { socket, port, reader: null }
    const close = () => socket.destroy()
    socket.once('connect', () => connected(performance.now() - dialledAtMs))
    // Bytes that arrive between two requests belong to no response, so the connection is closed.
    socket.on('data', (bytes: Buffer) => (upstream.reader ? upstream.reader.data(bytes) : close()))
    socket.on('end', () => (upstream.reader ? upstream.reader.end() : close()))
    socket.on('error', () => upstream.reader && client.resetAndDestroy())
    socket.once('close', () => {
      client.off('close', close)
      if (upstreams.get(client) === upstream) upstreams.delete(client)
    })
    client.once('close', close)
    return upstream
  }
}

/**
 * Calls `assigned` when the response has a socket. Node assigns the socket when all earlier responses of the connection
 * are complete.
 */
function whenAssigned(response: ServerResponse, assigned: (client: Socket) => void): void {
  if (response.socket) assigned(response.socket)
  else response.once('socket', assigned)
}

interface ResponseEvents {
  head(status: number): void
  /**
   * Called when the kernel has taken the last byte of the response. `isLast`: true if the client must not use its
   * connection again.
   */
  end(isLast: boolean): void
}

function readResponse(client: Socket, upstream: Upstream, method: string, events: ResponseEvents): ResponseReader {
  const http = createHttpReader(method)
  let head = ''
  let isLast = false

  return {
    data(bytes) {
      for (const { kind, bytes: piece, ends } of http.read(bytes, 0)) {
        if (kind === 'head') head += piece.toString('latin1')
        if (kind === 'head' && ends) {
          if (http.status !== null && http.status >= 100) events.head(http.status)
          isLast ||= saysClose(head)
          head = ''
        }
        // The response has more bytes than its head announced, so the relay could not find the next response on this
        // connection.
        if (kind === 'rest' && http.isOver) isLast = true
      }
      const isOver = http.isOver
      if (isOver) upstream.reader = null
      if (!client.writable) return
      const goesOn = client.write(bytes, (error) => {
        if (isOver && !error) events.end(isLast)
      })
      if (goesOn) return
      upstream.socket.pause()
      client.once('drain', () => upstream.socket.resume())
    },
    end() {
      // In a tunnel, the direction from the client to the student's server stays open.
      if (http.status === 101) client.end()
      else client.destroySoon()
    },
    leave() {
      if (http.status !== null && http.status >= 200 && http.contentBytes < Infinity) {
        isLast = true
        return
      }
      client.destroySoon()
      upstream.socket.destroy()
    },
  }
}

/** Returns true if the head says that the connection ends after the response (RFC 9112, section 9.3). */
const saysClose = (head: string): boolean =>
  /\r\nconnection:[^\r]*\bclose\b/i.test(head) ||
  (head.startsWith('HTTP/1.0') && !/\r\nconnection:[^\r]*keep-alive/i.test(head))

function sendBody(request: IncomingMessage, to: Socket): void {
  if (request.headers['transfer-encoding'] === undefined) return send(request, to)
  // Node has removed the chunk framing, so the relay writes the framing again.
  send(request, to, (bytes) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]))
  request.on('end', () => {
    const trailers = request.rawTrailers.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`))
    to.write(`0\r\n${trailers.join('')}\r\n`, 'latin1')
  })
}

const CRLF = Buffer.from('\r\n')

function send(from: IncomingMessage | Socket, to: Socket, framed: (bytes: Buffer) => Buffer = (bytes) => bytes): void {
  from.on('data', (bytes: Buffer) => {
    if (to.destroyed || to.write(framed(bytes))) return
    from.pause()
    to.once('drain', () => from.resume())
  })
}
