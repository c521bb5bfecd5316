/**
 * Takes the connection of a response that never ends from Node's HTTP server. For each open response, Node keeps a
 * parser, the request, the response and about ten listeners: more than 8 KiB. An open stream needs none of them, because
 * its client sends nothing more. Node itself lets go of a connection in the same way after an upgrade.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { forgetResponses, isOnlyResponse } from './error-handler.ts'

/** The methods that Node's own server calls when it frees a parser. */
interface Parser {
  remove(): void
  unconsume(): void
  close(): void
  socket: unknown
  incoming: unknown
  outgoing: unknown
  onIncoming: unknown
}

/** Names of the listeners that Node's HTTP server adds to a socket. */
const LISTENERS = new Set([
  'bound socketOnClose',
  'bound socketOnData',
  'bound socketOnDrain',
  'bound socketOnEnd',
  'onServerResponseClose',
  'onSocketPause',
  'onSocketResume',
  'socketOnError',
  'socketOnTimeout',
])

/**
 * Takes the connection. The response must have its head, and from now on the caller writes to the returned socket. The
 * listeners for the `close` of the response are called when the socket closes. If the client ends its half of the
 * connection, the server ends the other half. If the client sends further bytes, the server closes the connection.
 *
 * Returns null, and changes nothing, if the connection has another request whose response is not complete, if the body
 * of the request has not arrived completely, or if this version of Node keeps its parser in another way. The caller then
 * writes to the response.
 */
export function takeConnection(response: ServerResponse): Socket | null {
  const { socket, req: request } = response
  const parser = socket && parserOf(socket)
  if (!parser || socket.destroyed || !request.complete || !isOnlyResponse(response)) return null

  // The response holds the bytes that were written in this tick.
  socket.cork()
  while (response.writableCorked > 0) response.uncork()
  socket.uncork()
  for (const event of socket.eventNames())
    for (const listener of socket.listeners(event) as ((...args: unknown[]) => void)[])
      if (LISTENERS.has(listener.name)) socket.off(event, listener)
  response.detachSocket(socket)
  free(parser, socket, request)
  forgetResponses(socket)
  shed(request)
  request.headers = {}

  const closed = response.listeners('close') as (() => void)[]
  response.removeAllListeners()
  socket.on('close', () => {
    for (const listener of closed) listener()
  })
  socket.on('error', destroy)
  socket.on('end', end)
  // The server could never respond to a further request.
  socket.on('data', destroy)
  return socket.resume()
}

/**
 * Removes the header fields of a request as they arrived. An open connection keeps its request, but nothing reads these
 * fields again. The property `headers` stays.
 */
export function shed(request: IncomingMessage): void {
  // The getter makes the headers from the raw headers at the first use.
  void request.headers
  request.rawHeaders = []
}

function parserOf(socket: Socket): Parser | null {
  const { parser } = socket as { parser?: Partial<Parser> | null }
  return parser?.remove && parser.unconsume && parser.close ? (parser as Parser) : null
}

function free(parser: Parser, socket: Socket, request: IncomingMessage): void {
  parser.unconsume()
  parser.remove()
  parser.socket = parser.incoming = parser.outgoing = parser.onIncoming = null
  Object.assign(socket, { parser: null })
  Object.assign(request, { parser: null })
  // The parser may be running now, and it must not free itself while it runs.
  setImmediate(() => parser.close())
}

function destroy(this: Socket): void {
  this.destroy()
}

function end(this: Socket): void {
  this.end()
}
