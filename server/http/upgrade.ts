/**
 * Sends upgrade requests through the same routes as all other requests. So an upgrade request passes the same checks of
 * Host, Origin and schema. If the server refuses an upgrade, the client gets an ordinary error response.
 */
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WebSocketServer } from 'ws'
import { answerRawError } from './error-handler.ts'
import { FeedError, quote } from './errors.ts'
import { readTarget } from './request-target.ts'
import { shed } from './take-connection.ts'

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
    // In Node 26, the event's stream is not the socket itself if the request has a body. `request.socket` is always the
    // socket.
    const { socket } = request
    // Without this listener, a connection reset during the handshake would end the process.
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
 * Returns the path that the router uses for a request. If the target is a whole URL, its host replaces the Host field
 * (RFC 9112, section 3.2.2). If a page and a WebSocket share an address, a handshake goes to the WebSocket. For
 * example, the chat's page and the chat's WebSocket share the path /chat, and a handshake for /chat goes to /chat/ws.
 */
export function routedPath(request: IncomingMessage): string {
  const { path, authority } = readTarget(request.url ?? '')
  if (authority !== null) request.headers.host = authority
  return asksForWebSocket(request) ? path.replace(/^(\/chat)?\/?(?=\?|$)/, '$1/ws') : path
}

/**
 * Returns true if the request asks for a WebSocket, even if it cannot get one. Ignores any other protocol in the
 * Upgrade field. For example, `curl --http2` offers h2c but still wants an ordinary response.
 */
function asksForWebSocket({ headers: { upgrade } }: IncomingMessage): boolean {
  if (upgrade === undefined) return false
  return upgrade.split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket')
}

/**
 * Returns true if the request can become a WebSocket. HTTP/1.0 has no upgrades (RFC 9110, section 7.8), so an HTTP/1.0
 * request gets an ordinary response.
 */
export const isWebSocketUpgrade = (request: IncomingMessage): boolean =>
  request.httpVersion === '1.1' && asksForWebSocket(request)

/**
 * Takes the socket from Fastify for a WebSocket handshake. Throws `upgrade-required` (426) for a request without an
 * upgrade or with another version of the WebSocket protocol, and `bad-request` (400) for a malformed handshake.
 */
export function takeUpgrade(request: Pick<FastifyRequest, 'raw'>, reply: Pick<FastifyReply, 'hijack'>): Upgrade {
  const upgrade = takeSocket(request, reply, checkHandshake)
  // The open WebSocket keeps its request.
  shed(request.raw)
  return upgrade
}

/**
 * Takes the socket of a request from Fastify. Before that, `check` may refuse the request. Throws `upgrade-required`
 * (426) for a request without an upgrade.
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
  // An open WebSocket keeps its request, which then does not keep its response.
  pending.delete(request)
  return { request, socket: request.socket, head }
}

const VERSION = '13'

/** Pattern of Sec-WebSocket-Key: sixteen bytes in Base64 (RFC 6455, section 4.2.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/

/**
 * Checks a handshake (RFC 6455, sections 4.2.1 and 4.4). `ws` itself would also accept version 8 of the protocol, and
 * would refuse an Upgrade field that names several protocols.
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
 * Close codes (RFC 6455, section 7.4, and IANA's registry). The server sends 1008 if the client floods the server, 1012
 * if the server restarts, and 1013 if the server cannot serve the client now.
 */
export const POLICY_VIOLATION = 1008
export const SERVICE_RESTART = 1012
export const TRY_AGAIN_LATER = 1013
/** Close code from IANA's registry: Unauthorized. */
export const UNAUTHORIZED = 3000

/**
 * Maximum time that the server waits for the client's close frame. A lost client never sends a close frame, so the
 * server then ends the connection.
 */
const CLOSE_MS = 1000

/**
 * Creates the `ws` server that performs the handshakes of a WebSocket route. If a client sends a message longer than
 * `maxPayload` bytes, `ws` closes the WebSocket with code 1009. The server supports no subprotocol, so it accepts no
 * subprotocol that a client offers. `ws` does not answer pings here, because `hear` (conversation.ts) answers them.
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
