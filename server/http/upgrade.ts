/**
 * Sends upgrade requests through the same routes as all other requests. So the checks of Host and Origin, the schemas
 * and the errors before a 101 are the same as for any other response.
 */
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WebSocketServer } from 'ws'
import { answerRawError } from './error-handler.ts'
import { FeedError, quote } from './errors.ts'
import { readTarget } from './request-target.ts'

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Socket
  readonly head: Buffer
}

interface Pending {
  readonly response: ServerResponse
  readonly head: Buffer
}

const pending = new WeakMap<IncomingMessage, Pending>()

export function routeUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request, _stream, head) => {
    // In Node 26, if the request has a body, the stream is not the socket itself. The request always has the socket.
    const { socket } = request
    // Without this listener, a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.destroySoon())
    pending.set(request, { response, head })
    app.routing(request, response)
  })
}

/**
 * Returns the path by which a request is routed. In an absolute target, the host replaces the Host field (RFC 9112,
 * section 3.2.2). If a page and a WebSocket share an address, a handshake is routed to the WebSocket. For example,
 * `wscat -c ws://localhost:3000` names no path, and the chat's WebSocket has the address of the chat's page.
 */
export function routedPath(request: IncomingMessage): string {
  const { path, authority } = readTarget(request.url ?? '')
  if (authority !== null) request.headers.host = authority
  return asksForWebSocket(request) ? path.replace(/^(\/chat)?\/?(?=\?|$)/, '$1/ws') : path
}

/**
 * Returns true if the request asks for a WebSocket, even if it cannot get one. Other upgrades are ignored: `curl
 * --http2` offers h2c but still wants the page.
 */
function asksForWebSocket({ headers: { upgrade } }: IncomingMessage): boolean {
  if (upgrade === undefined) return false
  return upgrade.split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket')
}

/**
 * Returns true if the request can become a WebSocket. HTTP/1.0 has no upgrades (RFC 9110, section 7.8), so such a
 * request gets an ordinary response.
 */
export const isWebSocketUpgrade = (request: IncomingMessage): boolean =>
  request.httpVersion === '1.1' && asksForWebSocket(request)

/**
 * Takes the socket from Fastify for a WebSocket handshake. Throws `upgrade-required` (426) for a plain request or
 * another version of the protocol, and `bad-request` (400) for a malformed handshake.
 */
export function takeUpgrade(request: Pick<FastifyRequest, 'raw'>, reply: Pick<FastifyReply, 'hijack'>): Upgrade {
  return takeSocket(request, reply, checkHandshake)
}

/**
 * Takes the socket from Fastify; `check` may refuse the request first. Throws `upgrade-required` (426) for a plain
 * request.
 */
export function takeSocket(
  { raw: request }: Pick<FastifyRequest, 'raw'>,
  reply: Pick<FastifyReply, 'hijack'>,
  check: (request: IncomingMessage) => void = () => {},
): Upgrade {
  const { response, head } = pending.get(request) ?? refuse(request)
  check(request)
  reply.hijack()
  response.detachSocket(request.socket)
  return { request, socket: request.socket, head }
}

const VERSION = '13'

/** Sixteen bytes in Base64 (RFC 6455, section 4.2.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/

/**
 * Checks a handshake (RFC 6455, sections 4.2.1 and 4.4). `ws` alone also accepts version 8, and only an Upgrade field
 * with a single protocol.
 */
function checkHandshake({ headers }: IncomingMessage): void {
  const { 'sec-websocket-version': version, 'sec-websocket-key': key } = headers
  if (version !== VERSION)
    throw new FeedError(
      'upgrade-required',
      `Sec-WebSocket-Version is ${version === undefined ? 'missing' : quote(version)}.`,
      `Send "Sec-WebSocket-Version: ${VERSION}". RFC 6455 describes only this version.`,
    )
  if (key === undefined || !KEY.test(key))
    throw new FeedError(
      'bad-request',
      `Sec-WebSocket-Key is ${key === undefined ? 'missing' : quote(key)}.`,
      'Send 16 random bytes in Base64 as Sec-WebSocket-Key. Use new bytes for each connection.',
    )
  headers.upgrade = 'websocket'
}

/**
 * Close codes (RFC 6455, section 7.4, and IANA's registry): 1008 if the client floods the server, 1012 if the server
 * restarts, 1013 if the server cannot serve the client now.
 */
export const POLICY_VIOLATION = 1008
export const SERVICE_RESTART = 1012
export const TRY_AGAIN_LATER = 1013
/** Close code from IANA's registry: Unauthorized. */
export const UNAUTHORIZED = 3000

/** Maximum wait for the client's close frame. A lost client never sends it, so the connection is then ended. */
const CLOSE_MS = 1000

/**
 * Creates the handshakes of a WebSocket route. A message longer than `maxPayload` bytes closes the WebSocket with 1009.
 * The server supports no subprotocol, so it accepts none that a client offers. `hear` (conversation.ts) answers pings.
 */
export function createHandshakes(maxPayload: number): WebSocketServer {
  const handleProtocols = () => false as const
  const options = {
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    autoPong: false,
    closeTimeout: CLOSE_MS,
    handleProtocols,
  }
  return new WebSocketServer(options).on('wsClientError', (error, _stream, { socket }) => answerRawError(error, socket))
}

function refuse(request: IncomingMessage): never {
  const path = quote(request.url ?? '')
  if (asksForWebSocket(request) && !isWebSocketUpgrade(request))
    throw new FeedError(
      'upgrade-required',
      `${path} is a WebSocket, but the request uses HTTP/${request.httpVersion}, which has no upgrades.`,
      'Use HTTP/1.1. If a proxy sent the request, let the proxy use HTTP/1.1 (in nginx: "proxy_http_version 1.1;").',
    )
  throw new FeedError('upgrade-required', `${path} is a WebSocket, but the request is plain HTTP.`)
}
